/* Sums of parts in a fixed order, and sums of squares. */
#include <math.h>

#include "tier.h"

#define TILE_WIDTH 64

/* So many parts are added up before they join the sum: rounding grows with the root of their number. */
#define BLOCK 64

int64_t TIER_NAME(sum_tiles)(const void *args) {
  const panamba_sum_args *a = args;
  return ceil_div(a->width, TILE_WIDTH);
}

void TIER_NAME(sum_tile)(const void *args, int64_t tile) {
  const panamba_sum_args *a = args;
  int64_t end = min64(a->width, (tile + 1) * TILE_WIDTH);
  for (int64_t i = tile * TILE_WIDTH; i < end; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, end - i);
    vec sum = vec_set(0.0f);
    for (int64_t block = 0; block < a->count; block += BLOCK) {
      int64_t count = min64(BLOCK, a->count - block);
      const float *part = a->parts + block * a->part_stride + i;
      vec addend = vec_load_lanes(part, lanes);
      for (int64_t p = 1; p < count; p++) {
        addend = vec_add(addend, vec_load_lanes(part + p * a->part_stride, lanes));
      }
      sum = vec_add(sum, addend);
    }
    sum = vec_mul(sum, vec_set(a->scale));
    if (a->accumulate != 0.0f) {
      sum = vec_fma(vec_set(a->accumulate), vec_load_lanes(a->out + i, lanes), sum);
    }
    vec_store_lanes(a->out + i, sum, lanes);
  }
}

int64_t TIER_NAME(squares_tiles)(const void *args) {
  const panamba_squares_args *a = args;
  return ceil_div(a->count, PANAMBA_SQUARES_PART);
}

void TIER_NAME(squares_tile)(const void *args, int64_t tile) {
  const panamba_squares_args *a = args;
  int64_t end = min64(a->count, (tile + 1) * PANAMBA_SQUARES_PART);
  int64_t i = tile * PANAMBA_SQUARES_PART;
  vec sum[2] = {vec_set(0.0f), vec_set(0.0f)};
  for (; i + 2 * VEC_WIDTH <= end; i += 2 * VEC_WIDTH) {
    for (int j = 0; j < 2; j++) {
      vec x = vec_load(a->x + i + j * VEC_WIDTH);
      sum[j] = vec_fma(x, x, sum[j]);
    }
  }
  for (; i < end; i += VEC_WIDTH) {
    vec x = vec_load_lanes(a->x + i, (int)min64(VEC_WIDTH, end - i));
    sum[0] = vec_fma(x, x, sum[0]);
  }
  a->parts[tile] = vec_sum(vec_add(sum[0], sum[1]));
}

int64_t TIER_NAME(clip_tiles)(const void *args) {
  (void)args;
  return 1;
}

void TIER_NAME(clip_tile)(const void *args, int64_t tile) {
  (void)tile;
  const panamba_clip_args *a = args;
  double sum = 0;
  for (int64_t i = 0; i < a->count; i++) {
    sum += (double)a->parts[i];
  }
  float norm = (float)sqrt(sum);
  float factor = a->limit / (norm + 1e-6f);
  a->result[0] = norm;
  /* NaN stays: a gradient that is not a number must show. */
  a->result[1] = factor > 1.0f ? 1.0f : factor;
}
