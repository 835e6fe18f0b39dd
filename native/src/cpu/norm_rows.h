/* A row's mean and factor, for a normalisation and its gradient. */
#ifndef PANAMBA_NORM_ROWS_H
#define PANAMBA_NORM_ROWS_H

#include "packed_layout.h"
#include "vec.h"

INLINE vec load_tail(const float *p, int64_t i, int64_t dim) {
  return vec_load_lanes(p + i, (int)min64(VEC_WIDTH, dim - i));
}

INLINE void store_tail(float *p, vec v, int64_t i, int64_t dim) {
  vec_store_lanes(p + i, v, (int)min64(VEC_WIDTH, dim - i));
}

/* Padding lanes load as zero, so they add nothing to either sum. */
INLINE float mean_of(const float *x, int64_t dim) {
  vec sum = vec_set(0.0f);
  for (int64_t i = 0; i < dim; i += VEC_WIDTH) {
    sum = vec_add(sum, load_tail(x, i, dim));
  }
  return vec_sum(sum) / (float)dim;
}

INLINE float mean_square(const float *x, float mean, int64_t dim) {
  vec sum = vec_set(0.0f);
  int64_t whole = dim - dim % VEC_WIDTH;
  for (int64_t i = 0; i < whole; i += VEC_WIDTH) {
    vec centred = vec_sub(vec_load(x + i), vec_set(mean));
    sum = vec_fma(centred, centred, sum);
  }
  float total = vec_sum(sum);
  for (int64_t i = whole; i < dim; i++) {
    float centred = x[i] - mean;
    total += centred * centred;
  }
  return total / (float)dim;
}

#endif
