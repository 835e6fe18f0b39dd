/* Sums of squares, one for each part of a vector. */
#include "tier.h"

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
