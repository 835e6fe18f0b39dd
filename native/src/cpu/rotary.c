/* Rotary position embedding on adjacent pairs. */
#include <string.h>

#include "tier.h"

#define TILE_TOKENS 64

int64_t TIER_NAME(rotary_tiles)(const void *args) {
  const panamba_rotary_args *a = args;
  return a->batch * ceil_div(a->length, TILE_TOKENS);
}

static void rotate(const float *x, const float *cosine, const float *sine, float *out, int64_t dim) {
  for (int64_t i = 0; i < dim; i += 2) {
    float even = x[i];
    float odd = x[i + 1];
    out[i] = even * cosine[i] - odd * sine[i];
    out[i + 1] = odd * cosine[i + 1] + even * sine[i + 1];
  }
}

void TIER_NAME(rotary_tile)(const void *args, int64_t tile) {
  const panamba_rotary_args *a = args;
  int64_t chunks = ceil_div(a->length, TILE_TOKENS);
  int64_t image = tile / chunks;
  int64_t end = min64(a->length, (tile % chunks + 1) * TILE_TOKENS);
  for (int64_t token = tile % chunks * TILE_TOKENS; token < end; token++) {
    int64_t offset = (image * a->length + token) * a->dim;
    int64_t position = token - a->first;
    if (position >= 0 && position < a->positions) {
      rotate(a->x + offset, a->cos + position * a->dim, a->sin + position * a->dim, a->out + offset, a->dim);
    } else if (a->out != a->x) {
      memcpy(a->out + offset, a->x + offset, (size_t)a->dim * sizeof(float));
    }
  }
}
