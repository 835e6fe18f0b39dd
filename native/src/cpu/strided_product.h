/*
 * The product of up to GEMM_ROWS rows or columns of a matrix, as they lie in memory, with a panel of whole vectors:
 *   out[i][j] = factor[j] * out[i][j] + sum over k < depth of input[i][k] * panel[k][j]
 * An element is one chain of multiply-adds over the depth in ascending order, whatever the number of rows. It has less
 * around its inner loop than panel_product(), for products of a depth as small as 32.
 */
#ifndef PANAMBA_STRIDED_PRODUCT_H
#define PANAMBA_STRIDED_PRODUCT_H

#include <stdint.h>

#include "vec.h"

/* Elements are floats, or in bfloat16 pairs of neighbours of the depth. Strides of the input are in bytes. */
typedef struct {
  const void *input;
  int64_t row_stride;
  int64_t depth_stride;
  const float *panel; /* depth x vectors of VEC_WIDTH elements */
  int64_t depth;
  int half;            /* in bfloat16: one number follows the last pair alone; the panel has a pair for it */
  const float *factor; /* of each column; null: `out` is not read */
  float *largest;      /* of each column, which elements raise; or null */
  float *out;
  int64_t out_row_stride; /* in floats */
  int32_t dtype;          /* of input and panel */
} strided_product;

/* 1 .. GEMM_ROWS rows, 1 .. GEMM_VECS vectors. */
void TIER_NAME(strided_product)(const strided_product *p, int rows, int vectors);

#endif
