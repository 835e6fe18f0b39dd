/* The means and factors of rows, for a normalisation and its gradient. */
#ifndef PANAMBA_NORM_ROWS_H
#define PANAMBA_NORM_ROWS_H

#include <math.h>

#include "packed_layout.h"
#include "panamba.h"
#include "vec.h"

INLINE vec load_tail(const float *p, int64_t i, int64_t dim) {
  return vec_load_lanes(p + i, (int)min64(VEC_WIDTH, dim - i));
}

INLINE void store_tail(float *p, vec v, int64_t i, int64_t dim) {
  vec_store_lanes(p + i, v, (int)min64(VEC_WIDTH, dim - i));
}

/* Rows side by side, at most: their sums, each a chain of additions, overlap. */
#define NORM_ROWS 4

/* Padding lanes load as zero, so they add nothing to a sum. */
INLINE void means_of(const float *x, int64_t stride, int64_t dim, float *mean, const int rows) {
  vec sum[NORM_ROWS];
  for (int r = 0; r < rows; r++) {
    sum[r] = vec_set(0.0f);
  }
  for (int64_t i = 0; i < dim; i += VEC_WIDTH) {
    for (int r = 0; r < rows; r++) {
      sum[r] = vec_add(sum[r], load_tail(x + r * stride, i, dim));
    }
  }
  for (int r = 0; r < rows; r++) {
    mean[r] = vec_sum(sum[r]) / (float)dim;
  }
}

INLINE void mean_squares(const float *x, int64_t stride, int64_t dim, const float *mean, float *square,
                         const int rows) {
  vec sum[NORM_ROWS];
  for (int r = 0; r < rows; r++) {
    sum[r] = vec_set(0.0f);
  }
  int64_t whole = dim - dim % VEC_WIDTH;
  for (int64_t i = 0; i < whole; i += VEC_WIDTH) {
    for (int r = 0; r < rows; r++) {
      vec centred = vec_sub(vec_load(x + r * stride + i), vec_set(mean[r]));
      sum[r] = vec_fma(centred, centred, sum[r]);
    }
  }
  for (int r = 0; r < rows; r++) {
    float total = vec_sum(sum[r]);
    for (int64_t i = whole; i < dim; i++) {
      float centred = x[r * stride + i] - mean[r];
      total += centred * centred;
    }
    square[r] = total / (float)dim;
  }
}

/* A normalised row is (x - mean) factor; without means, of an RMS norm, they are 0. */
INLINE void find_normals(int32_t kind, float eps, const float *x, int64_t stride, int64_t dim, float *mean,
                         float *factor, const int rows) {
  for (int r = 0; r < rows; r++) {
    mean[r] = 0.0f;
  }
  if (kind == PANAMBA_LAYER_NORM) {
    means_of(x, stride, dim, mean, rows);
  }
  mean_squares(x, stride, dim, mean, factor, rows);
  for (int r = 0; r < rows; r++) {
    factor[r] = 1.0f / sqrtf(factor[r] + eps);
  }
}

#endif
