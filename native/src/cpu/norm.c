/* Residual add and normalisation. */
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

/* Rows that are normalised side by side. */
typedef struct {
  int64_t first;
  const float *x;
  float mean[NORM_ROWS];
  float factor[NORM_ROWS];
} row_block;

/* One vector of each row. */
INLINE void normalise_vectors(const panamba_norm_args *a, const row_block *b, int64_t i, int lanes, const int rows,
                              const int32_t activation, const int32_t dtype) {
  vec weight = vec_load_lanes(a->weight + i, lanes);
  vec bias = a->bias ? vec_load_lanes(a->bias + i, lanes) : vec_set(-0.0f);
  for (int r = 0; r < rows; r++) {
    vec x = vec_load_lanes(b->x + r * a->residual_row_stride + i, lanes);
    vec value = vec_mul(vec_sub(x, vec_set(b->mean[r])), vec_set(b->factor[r]));
    vec y = vec_fma(value, weight, bias);
    if (activation != PANAMBA_ACTIVATION_NONE) {
      y = vec_activation(y, activation);
    }
    vec_store_as(dtype, a->out, (b->first + r) * a->dim + i, y, lanes);
  }
}

INLINE void normalise(const panamba_norm_args *a, int64_t first, const int rows, const int32_t activation,
                      const int32_t dtype) {
  row_block b = {.first = first, .x = a->residual + first * a->residual_row_stride};
  find_normals(a->kind, a->eps, b.x, a->residual_row_stride, a->dim, b.mean, b.factor, rows);
  int64_t whole = a->dim - a->dim % VEC_WIDTH;
  for (int64_t i = 0; i < whole; i += VEC_WIDTH) {
    normalise_vectors(a, &b, i, VEC_WIDTH, rows, activation, dtype);
  }
  if (whole < a->dim) {
    normalise_vectors(a, &b, whole, (int)(a->dim - whole), rows, activation, dtype);
  }
}

INLINE void normalise_rows(const panamba_norm_args *a, int64_t row, int64_t end, const int32_t activation,
                           const int32_t dtype) {
  for (; row + NORM_ROWS <= end; row += NORM_ROWS) {
    normalise(a, row, NORM_ROWS, activation, dtype);
  }
  for (; row < end; row++) {
    normalise(a, row, 1, activation, dtype);
  }
}

INLINE void normalise_to(const panamba_norm_args *a, int64_t row, int64_t end, const int32_t dtype) {
  switch (a->activation) {
    case PANAMBA_ACTIVATION_NONE: normalise_rows(a, row, end, PANAMBA_ACTIVATION_NONE, dtype); break;
    case PANAMBA_ACTIVATION_SILU: normalise_rows(a, row, end, PANAMBA_ACTIVATION_SILU, dtype); break;
    case PANAMBA_ACTIVATION_RELU: normalise_rows(a, row, end, PANAMBA_ACTIVATION_RELU, dtype); break;
    default: normalise_rows(a, row, end, PANAMBA_ACTIVATION_GELU, dtype); break;
  }
}

void TIER_NAME(norm_tile)(const void *args, int64_t tile) {
  const panamba_norm_args *a = args;
  int64_t first = tile * TILE_ROWS;
  int64_t end = min64(a->rows, first + TILE_ROWS);
  for (int64_t row = first; a->addend && row < end; row++) {
    add_residual(a->residual + row * a->residual_row_stride, a->addend + row * a->dim, a->residual_scale, a->dim);
  }
  if (a->dtype == PANAMBA_F32) {
    normalise_to(a, first, end, PANAMBA_F32);
  } else {
    normalise_to(a, first, end, PANAMBA_BF16);
  }
}
