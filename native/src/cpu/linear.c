/* Linear layers over packed weights. */
#include "microkernel.h"
#include "tier.h"

/* Rows of a tile: few enough for the tile's input to stay in the second-level cache beside the panel, enough to reuse
 * the panel. */
#define TILE_ROWS 72

int64_t TIER_NAME(linear_tiles)(const void *args) {
  const panamba_linear_args *a = args;
  return ceil_div(a->rows, TILE_ROWS) * ceil_div(a->columns, PANEL_COLUMNS);
}

void TIER_NAME(linear_tile)(const void *args, int64_t tile) {
  const panamba_linear_args *a = args;
  int64_t panels = ceil_div(a->columns, PANEL_COLUMNS);
  int64_t panel = tile % panels;
  int64_t chunk = tile / panels;
  int64_t chunks = ceil_div(a->rows, TILE_ROWS);
  int64_t row = a->rows * chunk / chunks;
  int64_t end = a->rows * (chunk + 1) / chunks;

  int64_t column = panel * PANEL_COLUMNS;
  int64_t columns = min64(PANEL_COLUMNS, a->columns - column);
  int vectors = (int)ceil_div(columns, VEC_WIDTH);
  panel_product p = {
      .input_row_stride = a->input_row_stride,
      .panel = (const float *)a->weight + column * a->depth,
      .depth = a->depth,
      .bias = a->bias ? a->bias + column : 0,
      .out_row_stride = a->out_row_stride,
      .accumulate = a->accumulate,
      .last_lanes = (int)(columns - (vectors - 1) * VEC_WIDTH),
  };
  /* Blocks of nearly equal height: no short block at the end that would leave the multipliers idle. */
  int64_t blocks = ceil_div(end - row, GEMM_ROWS);
  for (int64_t block = 0; block < blocks; block++) {
    int64_t from = row + (end - row) * block / blocks;
    int64_t to = row + (end - row) * (block + 1) / blocks;
    p.input = (const float *)a->input + from * a->input_row_stride;
    p.out = (float *)a->out + from * a->out_row_stride + column;
    TIER_NAME(panel_product)(&p, (int)(to - from), vectors);
  }
}
