/* Rows in another type. */
#include "row_tiles.h"
#include "tier.h"

int64_t TIER_NAME(convert_tiles)(const void *args) {
  const panamba_convert_args *a = args;
  return ceil_div(a->rows, rows_of_tile(a->columns));
}

void TIER_NAME(convert_tile)(const void *args, int64_t tile) {
  const panamba_convert_args *a = args;
  int64_t rows = rows_of_tile(a->columns);
  int64_t to = min64(a->rows, (tile + 1) * rows);
  for (int64_t row = tile * rows; row < to; row++) {
    for (int64_t i = 0; i < a->columns; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->columns - i);
      vec x = vec_load_as(a->dtype, a->x, row * a->x_row_stride + i, lanes);
      vec_store_as(a->out_dtype, a->out, row * a->out_row_stride + i, x, lanes);
    }
  }
}
