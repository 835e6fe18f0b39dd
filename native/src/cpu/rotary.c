/* Rotary position embedding on adjacent pairs. */
#include "tier.h"

#define TILE_POSITIONS 64

int64_t TIER_NAME(rotary_tiles)(const void *args) {
  const panamba_rotary_args *a = args;
  return a->batch * ceil_div(a->positions, TILE_POSITIONS);
}

void TIER_NAME(rotary_tile)(const void *args, int64_t tile) {
  const panamba_rotary_args *a = args;
  int64_t chunks = ceil_div(a->positions, TILE_POSITIONS);
  int64_t image = tile / chunks;
  int64_t end = min64(a->positions, (tile % chunks + 1) * TILE_POSITIONS);
  for (int64_t position = tile % chunks * TILE_POSITIONS; position < end; position++) {
    float *x = a->x + (image * a->length + a->first + position) * a->dim;
    const float *cosine = a->cos + position * a->dim;
    const float *sine = a->sin + position * a->dim;
    for (int64_t i = 0; i < a->dim; i += 2) {
      float even = x[i];
      float odd = x[i + 1];
      x[i] = even * cosine[i] - odd * sine[i];
      x[i + 1] = odd * cosine[i + 1] + even * sine[i + 1];
    }
  }
}
