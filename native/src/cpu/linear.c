/* Linear layers over packed weights. */
#include "microkernel.h"
#include "tier.h"

/* Rows of a tile: four blocks of the AVX-512 microkernel, few enough that a sequence of 197 keeps several threads busy
 * even with a single panel. */
#define TILE_ROWS 36

/* Panels are walked through for this many tiles of rows at a time: the panel stays in the first-level cache meanwhile,
 * the input (442 KB at a depth of 192) in the second. */
#define GROUP 16

int64_t TIER_NAME(linear_tiles)(const void *args) {
  const panamba_linear_args *a = args;
  return ceil_div(a->rows, TILE_ROWS) * ceil_div(a->columns, PANEL_COLUMNS);
}

typedef struct {
  int64_t chunk; /* of rows */
  int64_t panel;
} position;

/*
 * Threads have neighbouring tiles. Where a row of the input is longer than one of the output, they get rows, so that no
 * input is read by two of them; elsewhere panels, so that the next operation finds its channels in the thread that has
 * the same share.
 */
static position position_of(const panamba_linear_args *a, int64_t tile, int64_t chunks) {
  int64_t panels = ceil_div(a->columns, PANEL_COLUMNS);
  if (a->depth >= a->columns) {
    return (position){tile / panels, tile % panels};
  }
  int64_t group = tile / (panels * GROUP) * GROUP;
  int64_t grouped = min64(GROUP, chunks - group);
  int64_t place = tile - group * panels;
  return (position){group + place % grouped, place / grouped};
}

/* Rows that another processor has written come from its cache, so they are prefetched ahead of their use. */
static void prefetch_rows(const panamba_linear_args *a, int64_t from, int64_t to) {
  for (int64_t row = from; row < to; row++) {
    const char *start = element_at(a->input, a->dtype, row * a->input_row_stride);
    int64_t bytes = a->depth * element_size(a->dtype);
    for (int64_t i = 0; i < bytes; i += CACHE_LINE) {
      __builtin_prefetch(start + i);
    }
  }
}

void TIER_NAME(linear_tile)(const void *args, int64_t tile) {
  const panamba_linear_args *a = args;
  int64_t chunks = ceil_div(a->rows, TILE_ROWS);
  position at = position_of(a, tile, chunks);
  int64_t row = a->rows * at.chunk / chunks;
  int64_t end = a->rows * (at.chunk + 1) / chunks;

  int64_t column = at.panel * PANEL_COLUMNS;
  int64_t columns = min64(PANEL_COLUMNS, a->columns - column);
  int vectors = (int)ceil_div(columns, VEC_WIDTH);
  panel_product p = {
      .input_row_stride = a->input_row_stride,
      .panel = element_at(a->weight, a->dtype, column * packed_depth(a->depth, a->dtype)),
      .depth = a->depth,
      .bias = a->bias ? a->bias + column : 0,
      .out_row_stride = a->out_row_stride,
      .accumulate = a->accumulate,
      .last_lanes = (int)(columns - (vectors - 1) * VEC_WIDTH),
      .dtype = a->dtype,
      .out_dtype = a->out_dtype,
      .multiply = a->multiply,
      .activation = a->activation,
  };
  /* The next panel comes while this one is multiplied for the last time, a part with each block. Behind the last of a
   * network's layer lies the first of the next layer. */
  int64_t next = tile + 1 < TIER_NAME(linear_tiles)(a) ? position_of(a, tile + 1, chunks).panel : at.panel + 1;
  p.ahead = (next - at.panel) * PANEL_COLUMNS * packed_depth(a->depth, a->dtype) * element_size(a->dtype);
  /* Blocks of nearly equal height: no short block at the end that would leave the multipliers idle. */
  int64_t blocks = ceil_div(end - row, GEMM_ROWS);
  for (int64_t block = 0; block < blocks; block++) {
    int64_t from = row + (end - row) * block / blocks;
    int64_t to = row + (end - row) * (block + 1) / blocks;
    p.input = element_at(a->input, a->dtype, from * a->input_row_stride);
    if (at.panel == 0 && block + 1 < blocks) {
      prefetch_rows(a, to, row + (end - row) * (block + 2) / blocks);
    }
    p.out = element_of(a->out, a->out_dtype, from * a->out_row_stride + column);
    TIER_NAME(panel_product)(&p, (int)(to - from), vectors);
    p.ahead += bytes_ahead(&p);
  }
}
