/* The product of two activations, element by element. */
#include "row_tiles.h"
#include "tier.h"

int64_t TIER_NAME(gate_tiles)(const void *args) {
  const panamba_gate_args *a = args;
  return ceil_div(a->rows, rows_of_tile(a->columns));
}

INLINE void multiply_rows(const panamba_gate_args *a, int64_t from, int64_t to, const int32_t dtype) {
  for (int64_t row = from; row < to; row++) {
    for (int64_t i = 0; i < a->columns; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->columns - i);
      vec gate = vec_load_as(dtype, a->gate, row * a->gate_row_stride + i, lanes);
      vec x = vec_load_as(dtype, a->x, row * a->x_row_stride + i, lanes);
      vec_store_as(dtype, a->out, row * a->out_row_stride + i, vec_mul(gate, x), lanes);
    }
  }
}

void TIER_NAME(gate_tile)(const void *args, int64_t tile) {
  const panamba_gate_args *a = args;
  int64_t rows = rows_of_tile(a->columns);
  int64_t to = min64(a->rows, (tile + 1) * rows);
  if (a->dtype == PANAMBA_F32) {
    multiply_rows(a, tile * rows, to, PANAMBA_F32);
  } else {
    multiply_rows(a, tile * rows, to, PANAMBA_BF16);
  }
}
