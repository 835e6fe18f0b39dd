/*
 * The product of up to GEMM_ROWS rows with one panel of packed weights, or, of a convolution, the sum of the products
 * of each of its taps. Every element of the result is one chain of multiply-adds over the taps and the depth in
 * ascending order, whatever the number of rows, so that a row's result doesn't depend on its neighbours.
 */
#ifndef PANAMBA_MICROKERNEL_H
#define PANAMBA_MICROKERNEL_H

#include "packed_layout.h"
#include "vec.h"

#define PANEL_COLUMNS (GEMM_VECS * VEC_WIDTH)

typedef struct {
  const void *input; /* rows x depth */
  int64_t input_row_stride;
  const void *panel; /* depth x vectors of VEC_WIDTH columns, as packed_layout.h has it */
  /* Of a convolution, in place of the three: each tap's rows, GEMM_ROWS pointers a tap, and its panel. */
  const void *const *tap_rows;
  const void *const *tap_panels;
  int64_t taps; /* 0 where there is one input alone */
  int64_t depth;
  /* Bytes from a panel to what comes into the second-level cache meanwhile, a line with each step of the depth. */
  int64_t ahead;
  const float *bias; /* columns, or null */
  void *out;         /* rows x columns */
  int64_t out_row_stride;
  float accumulate; /* what `out` holds is multiplied by this and added, unless it is 0 */
  int32_t multiply; /* whether the result is multiplied by what `out` holds */
  int last_lanes;   /* valid columns of the last vector */
  int32_t dtype;    /* of input and panel */
  int32_t out_dtype;
  int32_t activation; /* panamba_activation */
} panel_product;

#define CACHE_LINE 64

/* Bytes that a product prefetches of each panel. */
static inline int64_t bytes_ahead(const panel_product *p) {
  return (p->dtype == PANAMBA_F32 ? p->depth : p->depth / 2) * CACHE_LINE;
}

/* 1 .. GEMM_ROWS rows, 1 .. GEMM_VECS vectors. */
void TIER_NAME(panel_product)(const panel_product *p, int rows, int vectors);

#endif
