/*
 * The shapes of a microkernel. GEMM_CASES(rows, vectors) is a statement that runs the includer's GEMM_CASE(r, v) with
 * both as constants, for 1 .. GEMM_ROWS rows and 1 .. GEMM_VECS vectors.
 */
#ifndef PANAMBA_GEMM_CASES_H
#define PANAMBA_GEMM_CASES_H

#include "vec.h"

#define GEMM_ROWS_CASE(r, v) \
  case r:                    \
    GEMM_CASE(r, v);         \
    break;

#define GEMM_ROWS_5(v) \
  GEMM_ROWS_CASE(1, v) GEMM_ROWS_CASE(2, v) GEMM_ROWS_CASE(3, v) GEMM_ROWS_CASE(4, v) GEMM_ROWS_CASE(5, v)
#if GEMM_ROWS == 9
#define GEMM_ALL_ROWS(v) \
  GEMM_ROWS_5(v) GEMM_ROWS_CASE(6, v) GEMM_ROWS_CASE(7, v) GEMM_ROWS_CASE(8, v) GEMM_ROWS_CASE(9, v)
#elif GEMM_ROWS == 6
#define GEMM_ALL_ROWS(v) GEMM_ROWS_5(v) GEMM_ROWS_CASE(6, v)
#elif GEMM_ROWS == 5
#define GEMM_ALL_ROWS(v) GEMM_ROWS_5(v)
#else
#error "no row cases for this tier"
#endif

#define GEMM_VECTORS_CASE(rows, v) \
  case v:                          \
    switch (rows) {                \
      GEMM_ALL_ROWS(v)             \
      default: break;              \
    }                              \
    break;

#if GEMM_VECS == 3
#define GEMM_ALL_VECTORS(rows) GEMM_VECTORS_CASE(rows, 1) GEMM_VECTORS_CASE(rows, 2) GEMM_VECTORS_CASE(rows, 3)
#elif GEMM_VECS == 2
#define GEMM_ALL_VECTORS(rows) GEMM_VECTORS_CASE(rows, 1) GEMM_VECTORS_CASE(rows, 2)
#else
#error "no vector cases for this tier"
#endif

#define GEMM_CASES(rows, vectors) \
  do {                            \
    switch (vectors) {            \
      GEMM_ALL_VECTORS(rows)      \
      default: break;             \
    }                             \
  } while (0)

#endif
