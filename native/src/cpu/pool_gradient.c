/* The gradient of a pooling. */
#include "tier.h"

#define TILE_DIM 64

int64_t TIER_NAME(pool_gradient_tiles)(const void *args) {
  const panamba_pool_gradient_args *a = args;
  return a->batch * ceil_div(a->dim, TILE_DIM);
}

/* The row that a maximum came from: the first of the largest, or the first NaN. */
static int64_t row_of_maximum(const panamba_pool_gradient_args *a, const float *column) {
  int64_t best = a->first;
  for (int64_t i = 1; i < a->count; i++) {
    int64_t row = a->first + i * a->step;
    float largest = column[best * a->dim];
    float value = column[row * a->dim];
    if (largest == largest && !(value <= largest)) {
      best = row;
    }
  }
  return best;
}

void TIER_NAME(pool_gradient_tile)(const void *args, int64_t tile) {
  const panamba_pool_gradient_args *a = args;
  int64_t chunks = ceil_div(a->dim, TILE_DIM);
  int64_t image = tile / chunks;
  int64_t from = tile % chunks * TILE_DIM;
  int64_t to = min64(a->dim, from + TILE_DIM);
  const float *gradient = a->out_gradient + image * a->dim;
  float *result = a->input_gradient + image * a->length * a->dim;
  for (int64_t row = 0; row < a->length; row++) {
    int64_t place = row - a->first;
    int pooled = a->kind == PANAMBA_POOL_MEAN && place >= 0 && place % a->step == 0 && place / a->step < a->count;
    for (int64_t i = from; i < to; i++) {
      result[row * a->dim + i] = pooled ? gradient[i] / (float)a->count : 0.0f;
    }
  }
  for (int64_t i = from; a->kind == PANAMBA_POOL_MAX && i < to; i++) {
    result[row_of_maximum(a, a->input + image * a->length * a->dim + i) * a->dim + i] = gradient[i];
  }
}
