/*
 * What attention and its gradient share. Queries lie in lanes: a panel holds up to PANEL_COLUMNS of them, dimension by
 * dimension, and rows of keys and values are multiplied with it as they are in memory. So maxima and sums over keys
 * need no sum across lanes, and what becomes of a query does not depend on its neighbours.
 */
#ifndef PANAMBA_ATTENTION_PANEL_H
#define PANAMBA_ATTENTION_PANEL_H

#include <string.h>

#include "microkernel.h"
#include "strided_product.h"
#include "vec_math.h"

#define LOG2_E 1.44269504f

#define CACHE_LINE 64

/* Rows of a head are too far from each other for the processor to foresee: to the second-level cache, ahead of their
 * use. */
static inline void prefetch_rows(const void *rows, int64_t row_stride, int32_t dtype, int64_t count, int64_t dim) {
  for (int64_t i = 0; i < count; i++) {
    const char *row = element_at(rows, dtype, i * row_stride);
    for (int64_t byte = 0; byte < dim * element_size(dtype); byte += CACHE_LINE) {
      __builtin_prefetch(row + byte, 0, 2);
    }
  }
}

/* 32-bit words of a row: in bfloat16 a word is a pair, and an odd dimension is filled up with a zero. */
INLINE int64_t words_of(int64_t dim, int32_t dtype) { return dtype == PANAMBA_F32 ? dim : (dim + 1) / 2; }

/*
 * Rows of `dim` elements to a panel of `vectors` vectors: panel[word][row]. Rows from `count` on become zeros.
 */
static inline void pack_panel(const void *source, int64_t row_stride, int32_t dtype, int64_t count, int64_t dim,
                              int vectors, float *panel) {
  _Alignas(VEC_WIDTH * sizeof(float)) float rows[VEC_WIDTH][PANAMBA_MAX_HEAD_DIM];
  int64_t words = words_of(dim, dtype);
  for (int j = 0; j < vectors; j++) {
    for (int64_t i = 0; i < VEC_WIDTH; i++) {
      int64_t row = j * VEC_WIDTH + i;
      size_t bytes = row < count ? (size_t)(dim * element_size(dtype)) : 0;
      if (bytes) {
        memcpy(rows[i], element_at(source, dtype, row * row_stride), bytes);
      }
      memset((char *)rows[i] + bytes, 0, (size_t)(ceil_div(words, VEC_WIDTH) * VEC_WIDTH) * sizeof(float) - bytes);
    }
    for (int64_t word = 0; word < words; word += VEC_WIDTH) {
      vec v[VEC_WIDTH];
      for (int i = 0; i < VEC_WIDTH; i++) {
        v[i] = vec_load(rows[i] + word);
      }
      vec_transpose(v);
      int64_t valid = min64(VEC_WIDTH, words - word);
      for (int64_t i = 0; i < valid; i++) {
        vec_store(panel + ((word + i) * vectors + j) * VEC_WIDTH, v[i]);
      }
    }
  }
}

/* The way back: panel[i][row] * factor[row] for i < dim to rows of type `dtype`. */
static inline void unpack_panel(const float *panel, const float *factor, int vectors, int64_t count, int64_t dim,
                                int32_t dtype, void *out, int64_t row_stride) {
  for (int j = 0; j < vectors; j++) {
    int64_t valid = min64(VEC_WIDTH, count - j * VEC_WIDTH);
    vec scale = vec_load(factor + j * VEC_WIDTH);
    for (int64_t i = 0; i < dim; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, dim - i);
      vec v[VEC_WIDTH];
      for (int n = 0; n < VEC_WIDTH; n++) {
        v[n] = n < lanes ? vec_mul(vec_load(panel + ((i + n) * vectors + j) * VEC_WIDTH), scale) : vec_set(0.0f);
      }
      vec_transpose(v);
      for (int64_t row = 0; row < valid; row++) {
        vec_store_as(dtype, out, (j * VEC_WIDTH + row) * row_stride + i, v[row], lanes);
      }
    }
  }
}

/* Runs a product of any number of rows in blocks of nearly equal height: none at the end is so low that it would leave
 * the multipliers idle. */
static inline void multiply_blocks(strided_product p, int64_t rows, int vectors) {
  int blocks = (int)ceil_div(rows, GEMM_ROWS);
  int height = (int)rows / blocks;
  int higher = (int)rows % blocks;
  for (int block = 0; block < blocks; block++) {
    int own = block < higher ? height + 1 : height;
    TIER_NAME(strided_product)(&p, own, vectors);
    p.input = (const char *)p.input + own * p.row_stride;
    p.out += own * p.out_row_stride;
  }
}

/* out[row][query] = rows . panel, for `count` rows of `dim` elements. Elements raise largest[query], if that is given. */
static inline void multiply_rows(const void *rows, int64_t row_stride, int32_t dtype, int64_t count, int64_t dim,
                                 const float *panel, int vectors, float *largest, float *out) {
  int f32 = dtype == PANAMBA_F32;
  multiply_blocks((strided_product){.input = rows,
                                    .row_stride = row_stride * element_size(dtype),
                                    .depth_stride = sizeof(float),
                                    .panel = panel,
                                    .depth = f32 ? dim : dim / 2,
                                    .half = !f32 && dim % 2,
                                    .largest = largest,
                                    .out = out,
                                    .out_row_stride = vectors * VEC_WIDTH,
                                    .dtype = dtype},
                  count, vectors);
}

/* sums[i][query] = factor[query] * sums[i][query] + the sum over rows of rows[row][i] * weights[row][query], i < dim.
 * In bfloat16, `count` rows are rows of pairs. */
static inline void add_weighted(const void *rows, int64_t row_stride, int32_t dtype, int64_t count, int64_t dim,
                                const float *weights, int vectors, const float *factor, float *sums) {
  multiply_blocks((strided_product){.input = rows,
                                    .row_stride = sizeof(float),
                                    .depth_stride = row_stride * (int64_t)sizeof(float),
                                    .panel = weights,
                                    .depth = count,
                                    .factor = factor,
                                    .out = sums,
                                    .out_row_stride = vectors * VEC_WIDTH,
                                    .dtype = dtype},
                  dim, vectors);
}

/* 2^(scale * (score - largest)), where no score is above the largest. The difference comes first, in every tier: that of
 * scores that matter is exact. */
INLINE vec weight_of(vec score, vec scale, vec largest) {
  return vec_exp2_near(vec_max(vec_set(-126.0f), vec_mul(vec_sub(score, largest), scale)));
}

#endif
