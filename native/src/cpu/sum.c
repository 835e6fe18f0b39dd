/* Sums of parts in a fixed order. */
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
