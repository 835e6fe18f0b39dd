/* Mean and maximum over tokens. */
#include "tier.h"

#define TILE_DIM 64

int64_t TIER_NAME(pool_tiles)(const void *args) {
  const panamba_pool_args *a = args;
  return a->batch * ceil_div(a->dim, TILE_DIM);
}

void TIER_NAME(pool_tile)(const void *args, int64_t tile) {
  const panamba_pool_args *a = args;
  int64_t chunks = ceil_div(a->dim, TILE_DIM);
  int64_t image = tile / chunks;
  int64_t end = min64(a->dim, (tile % chunks + 1) * TILE_DIM);
  for (int64_t i = tile % chunks * TILE_DIM; i < end; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, end - i);
    const float *input = a->input + (image * a->length + a->first) * a->dim + i;
    vec value = vec_load_lanes(input, lanes);
    for (int64_t row = 1; row < a->count; row++) {
      vec next = vec_load_lanes(input + row * a->step * a->dim, lanes);
      value = a->kind == PANAMBA_POOL_MAX ? vec_max_nan(value, next) : vec_add(value, next);
    }
    if (a->kind == PANAMBA_POOL_MEAN) {
      value = vec_div(value, vec_set((float)a->count));
    }
    vec_store_lanes(a->out + image * a->dim + i, value, lanes);
  }
}
