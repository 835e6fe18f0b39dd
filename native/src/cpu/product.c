/*
 * Products of matrices as they are. A tile copies its columns of `right` to a panel, a block of the depth at a time,
 * and multiplies panels of rows of `left` with it: rows as panel_product() has them, columns as `across` below has
 * them. Sums over the depth are cut into blocks by shape alone, and added up in their order.
 */
#include "microkernel.h"
#include "tier.h"

/* Rows of a tile: eight blocks share a panel, so that its copy takes little beside them. */
#define TILE_ROWS (8 * GEMM_ROWS)

/* With AVX-512, a panel of 48 columns is 48 KiB: it stays in the second-level cache meanwhile. */
#define BLOCK_DEPTH 256

/* Floats of a line of the cache. */
#define LINE 16

int64_t TIER_NAME(product_tiles)(const void *args) {
  const panamba_product_args *a = args;
  return ceil_div(a->rows, TILE_ROWS) * ceil_div(a->columns, PANEL_COLUMNS);
}

/* Rows [from, from + depth) of `columns` columns to `panel`, filled up to whole vectors with zeros. */
static void copy_panel(const panamba_product_args *a, int64_t column, int64_t columns, int64_t from, int64_t depth,
                       float *panel) {
  int vectors = (int)ceil_div(columns, VEC_WIDTH);
  const float *source = a->right + from * a->right_row_stride + column;
  for (int64_t k = 0; k < depth; k++, source += a->right_row_stride) {
    for (int j = 0; j < vectors; j++, panel += VEC_WIDTH) {
      vec_store(panel, vec_load_lanes(source + j * VEC_WIDTH, (int)min64(VEC_WIDTH, columns - j * VEC_WIDTH)));
    }
  }
}

/* Where the next block of rows goes to. */
static void prefetch_out(const panamba_product_args *a, int64_t row, int64_t end, int64_t column, int64_t columns) {
  for (end = min64(end, row + GEMM_ROWS); row < end; row++) {
    for (int64_t i = 0; i < columns; i += LINE) {
      __builtin_prefetch(a->out + row * a->out_row_stride + column + i, 1);
    }
  }
}

/* What is wanted next: a column of lines of the cache, `stride` floats apart. Rows of `right` are too far from each
 * other for the processor to foresee. */
typedef struct {
  const float *line;
  int64_t stride;
  int64_t input; /* from here to the input of the next block of the depth */
} ahead;

/* As panel_product(), where neighbouring rows of the input are neighbours in memory, and input_row_stride lies between
 * neighbours of the depth. */
INLINE void across(const panel_product *p, ahead next, const int rows, const int vectors) {
  vec sum[GEMM_ROWS][GEMM_VECS];
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) {
      sum[i][j] = vec_set(0.0f);
    }
  }
  const float *input = p->input;
  const float *panel = p->panel;
  for (int64_t k = 0; k < p->depth; k++, input += p->input_row_stride, panel += vectors * VEC_WIDTH) {
    vec right[GEMM_VECS];
    __builtin_prefetch(next.line);
    __builtin_prefetch(input + next.input);
    next.line += next.stride;
    for (int j = 0; j < vectors; j++) {
      right[j] = vec_load(panel + j * VEC_WIDTH);
    }
    for (int i = 0; i < rows; i++) {
      float left = input[i];
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_fma_one(left, right[j], sum[i][j]);
      }
    }
  }
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) {
      float *out = (float *)p->out + i * p->out_row_stride + j * VEC_WIDTH;
      int lanes = j == vectors - 1 ? p->last_lanes : VEC_WIDTH;
      vec value = sum[i][j];
      if (p->accumulate != 0.0f) {
        value = vec_fma(vec_set(p->accumulate), vec_load_lanes(out, lanes), value);
      }
      vec_store_lanes(out, value, lanes);
    }
  }
}

/* Blocks that are lower than GEMM_ROWS: two heights do for all of them. */
#define ACROSS(vectors)                                                  \
  static void across_##vectors(panel_product *p, ahead next, int rows) { \
    if (rows == GEMM_ROWS) {                                             \
      across(p, next, GEMM_ROWS, vectors);                               \
      return;                                                            \
    }                                                                    \
    for (; rows >= 3; rows -= 3) {                                       \
      across(p, next, 3, vectors);                                       \
      p->input = (const float *)p->input + 3;                            \
      p->out = (float *)p->out + 3 * p->out_row_stride;                  \
    }                                                                    \
    for (; rows > 0; rows--) {                                           \
      across(p, next, 1, vectors);                                       \
      p->input = (const float *)p->input + 1;                            \
      p->out = (float *)p->out + p->out_row_stride;                      \
    }                                                                    \
  }

ACROSS(1)
ACROSS(2)
#if GEMM_VECS == 3
ACROSS(3)
#endif

static void multiply_across(panel_product *p, ahead next, int rows, int vectors) {
  switch (vectors) {
    case 1: across_1(p, next, rows); break;
    case 2: across_2(p, next, rows); break;
#if GEMM_VECS == 3
    case 3: across_3(p, next, rows); break;
#endif
    default: break;
  }
}

void TIER_NAME(product_tile)(const void *args, int64_t tile) {
  const panamba_product_args *a = args;
  _Alignas(VEC_WIDTH * sizeof(float)) float panel[BLOCK_DEPTH * PANEL_COLUMNS];
  int64_t chunks = ceil_div(a->rows, TILE_ROWS);
  int64_t column = tile / chunks * PANEL_COLUMNS;
  int64_t columns = min64(PANEL_COLUMNS, a->columns - column);
  int64_t end = min64(a->rows, (tile % chunks + 1) * TILE_ROWS);
  int vectors = (int)ceil_div(columns, VEC_WIDTH);
  int64_t blocks = ceil_div(a->depth, BLOCK_DEPTH);
  for (int64_t block = 0; block < blocks; block++) {
    int64_t from = a->depth * block / blocks;
    int64_t depth = a->depth * (block + 1) / blocks - from;
    copy_panel(a, column, columns, from, depth, panel);
    /* The next block of the depth comes while this one is multiplied, a column of lines with each block of rows. */
    const float *next_block = a->right + (from + depth) * a->right_row_stride + column;
    int64_t wanted = block + 1 < blocks ? columns : 0;
    for (int64_t row = tile % chunks * TILE_ROWS; row < end; row += GEMM_ROWS) {
      panel_product p = {
          .input = a->left + row * a->left_row_stride + from * a->left_depth_stride,
          .input_row_stride = a->left_depth_stride == 1 ? a->left_row_stride : a->left_depth_stride,
          .panel = panel,
          .depth = depth,
          .out = a->out + row * a->out_row_stride + column,
          .out_row_stride = a->out_row_stride,
          .accumulate = block ? 1.0f : a->accumulate,
          .last_lanes = (int)(columns - (vectors - 1) * VEC_WIDTH),
          .dtype = PANAMBA_F32,
          .out_dtype = PANAMBA_F32,
      };
      int rows = (int)min64(GEMM_ROWS, end - row);
      if (block == 0) {
        prefetch_out(a, row + GEMM_ROWS, end, column, columns);
      }
      if (a->left_depth_stride == 1) {
        TIER_NAME(panel_product)(&p, rows, vectors);
      } else {
        ahead next = {panel, 0, block + 1 < blocks ? depth * a->left_depth_stride : 0};
        if (wanted > 0) {
          next.line = next_block + columns - wanted;
          next.stride = a->right_row_stride;
          wanted -= LINE;
        }
        multiply_across(&p, next, rows, vectors);
      }
    }
  }
}
