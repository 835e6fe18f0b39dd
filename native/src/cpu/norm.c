/* Residual add and normalisation. */
#include <math.h>

#include "norm_rows.h"
#include "tier.h"
#include "vec_gelu.h"

#define TILE_ROWS 16

int64_t TIER_NAME(norm_tiles)(const void *args) {
  const panamba_norm_args *a = args;
  return ceil_div(a->rows, TILE_ROWS);
}

static void add_residual(float *residual, const float *addend, float scale, int64_t dim) {
  for (int64_t i = 0; i < dim; i += VEC_WIDTH) {
    vec sum = vec_fma(vec_set(scale), load_tail(residual, i, dim), load_tail(addend, i, dim));
    store_tail(residual, sum, i, dim);
  }
}

INLINE void normalise(const panamba_norm_args *a, const float *x, int64_t row, const int32_t activation) {
  float mean = a->kind == PANAMBA_LAYER_NORM ? mean_of(x, a->dim) : 0.0f;
  float factor = 1.0f / sqrtf(mean_square(x, mean, a->dim) + a->eps);
  for (int64_t i = 0; i < a->dim; i += VEC_WIDTH) {
    vec value = vec_mul(vec_sub(load_tail(x, i, a->dim), vec_set(mean)), vec_set(factor));
    vec weight = load_tail(a->weight, i, a->dim);
    vec y = a->bias ? vec_fma(value, weight, load_tail(a->bias, i, a->dim)) : vec_mul(value, weight);
    if (activation != PANAMBA_ACTIVATION_NONE) {
      y = vec_activation(y, activation);
    }
    vec_store_as(a->dtype, a->out, row * a->dim + i, y, (int)min64(VEC_WIDTH, a->dim - i));
  }
}

void TIER_NAME(norm_tile)(const void *args, int64_t tile) {
  const panamba_norm_args *a = args;
  int64_t end = min64(a->rows, (tile + 1) * TILE_ROWS);
  for (int64_t row = tile * TILE_ROWS; row < end; row++) {
    float *residual = a->residual + row * a->residual_row_stride;
    if (a->addend) {
      add_residual(residual, a->addend + row * a->dim, a->residual_scale, a->dim);
    }
    switch (a->activation) {
      case PANAMBA_ACTIVATION_NONE: normalise(a, residual, row, PANAMBA_ACTIVATION_NONE); break;
      case PANAMBA_ACTIVATION_SILU: normalise(a, residual, row, PANAMBA_ACTIVATION_SILU); break;
      default: normalise(a, residual, row, PANAMBA_ACTIVATION_GELU); break;
    }
  }
}
