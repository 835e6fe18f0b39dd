#include "microkernel.h"

/* One specialisation per shape: the loops over rows and vectors unroll, and the sums live in registers. */
#define ROWS_CASE(rows, vectors)          \
  case rows:                              \
    panel_product_body(p, rows, vectors); \
    break;

#define ROW_CASES_5(vectors) \
  ROWS_CASE(1, vectors) ROWS_CASE(2, vectors) ROWS_CASE(3, vectors) ROWS_CASE(4, vectors) ROWS_CASE(5, vectors)
#if GEMM_ROWS == 9
#define ROW_CASES(vectors) \
  ROW_CASES_5(vectors) ROWS_CASE(6, vectors) ROWS_CASE(7, vectors) ROWS_CASE(8, vectors) ROWS_CASE(9, vectors)
#elif GEMM_ROWS == 6
#define ROW_CASES(vectors) ROW_CASES_5(vectors) ROWS_CASE(6, vectors)
#elif GEMM_ROWS == 5
#define ROW_CASES(vectors) ROW_CASES_5(vectors)
#else
#error "no row cases for this tier"
#endif

void TIER_NAME(panel_product)(const panel_product *p, int rows, int vectors) {
  switch (vectors) {
    case 1:
      switch (rows) { ROW_CASES(1) default : break; }
      break;
    case 2:
      switch (rows) { ROW_CASES(2) default : break; }
      break;
#if GEMM_VECS == 3
    case 3:
      switch (rows) { ROW_CASES(3) default : break; }
      break;
#endif
    default: break;
  }
}
