/*
 * The product of up to GEMM_ROWS rows with one panel of packed weights. Every element of the result is one chain of
 * fused multiply-adds over the depth in ascending order, whatever the number of rows, so that a row's result doesn't
 * depend on its neighbours.
 */
#ifndef PANAMBA_MICROKERNEL_H
#define PANAMBA_MICROKERNEL_H

#include "packed.h"
#include "vec.h"

#define PANEL_COLUMNS (GEMM_VECS * VEC_WIDTH)

typedef struct {
  const float *input; /* rows x depth */
  int64_t input_row_stride;
  const float *panel; /* depth x vectors of VEC_WIDTH columns */
  int64_t depth;
  const float *bias; /* columns, or null */
  float *out;        /* rows x columns */
  int64_t out_row_stride;
  float accumulate; /* what `out` holds is multiplied by this and added, unless it is 0 */
  int last_lanes;   /* valid columns of the last vector */
} panel_product;

INLINE void panel_product_body(const panel_product *p, const int rows, const int vectors) {
  vec sum[GEMM_ROWS][GEMM_VECS];
  const float *input[GEMM_ROWS];
  for (int i = 0; i < rows; i++) {
    input[i] = p->input + i * p->input_row_stride;
    for (int j = 0; j < vectors; j++) {
      sum[i][j] = vec_set(0.0f);
    }
  }
  const float *panel = p->panel;
  for (int64_t k = 0; k < p->depth; k++, panel += vectors * VEC_WIDTH) {
    vec weight[GEMM_VECS];
    for (int j = 0; j < vectors; j++) {
      weight[j] = vec_load(panel + j * VEC_WIDTH);
    }
    for (int i = 0; i < rows; i++) {
      vec x = vec_set(input[i][k]);
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_fma(x, weight[j], sum[i][j]);
      }
    }
  }
  for (int j = 0; j < vectors; j++) {
    int lanes = j == vectors - 1 ? p->last_lanes : VEC_WIDTH;
    vec bias = p->bias ? vec_load_lanes(p->bias + j * VEC_WIDTH, lanes) : vec_set(0.0f);
    for (int i = 0; i < rows; i++) {
      float *out = p->out + i * p->out_row_stride + j * VEC_WIDTH;
      vec value = vec_add(sum[i][j], bias);
      if (p->accumulate != 0.0f) {
        value = vec_fma(vec_set(p->accumulate), vec_load_lanes(out, lanes), value);
      }
      vec_store_lanes(out, value, lanes);
    }
  }
}

/* 1 .. GEMM_ROWS rows, 1 .. GEMM_VECS vectors. */
void TIER_NAME(panel_product)(const panel_product *p, int rows, int vectors);

#endif
