#include "strided_product.h"

#include "gemm_cases.h"

INLINE void multiply_f32(const strided_product *p, vec sum[GEMM_ROWS][GEMM_VECS], const int rows, const int vectors) {
  const char *input[GEMM_ROWS];
  for (int i = 0; i < rows; i++) {
    input[i] = (const char *)p->input + i * p->row_stride;
  }
  const float *panel = p->panel;
  const float *end = panel + p->depth * vectors * VEC_WIDTH;
  for (int64_t k = 0; panel < end; k += p->depth_stride, panel += vectors * VEC_WIDTH) {
    vec right[GEMM_VECS];
    for (int j = 0; j < vectors; j++) {
      right[j] = vec_load(panel + j * VEC_WIDTH);
    }
    for (int i = 0; i < rows; i++) {
      float left = *(const float *)(input[i] + k);
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_fma_one(left, right[j], sum[i][j]);
      }
    }
  }
}

INLINE void multiply_bf16(const strided_product *p, vec sum[GEMM_ROWS][GEMM_VECS], const int rows, const int vectors) {
  const char *input[GEMM_ROWS];
  for (int i = 0; i < rows; i++) {
    input[i] = (const char *)p->input + i * p->row_stride;
  }
  const float *panel = p->panel;
  const float *end = panel + p->depth * vectors * VEC_WIDTH;
  int64_t k = 0;
  for (; panel < end; k += p->depth_stride, panel += vectors * VEC_WIDTH) {
    pairs right[GEMM_VECS];
    for (int j = 0; j < vectors; j++) {
      right[j] = pairs_load((const bf16 *)(panel + j * VEC_WIDTH));
    }
    for (int i = 0; i < rows; i++) {
      pair left = pair_load((const bf16 *)(input[i] + k));
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_dot_one(sum[i][j], left, right[j]);
      }
    }
  }
  if (p->half) {
    for (int i = 0; i < rows; i++) {
      pair left = pair_load_one((const bf16 *)(input[i] + k));
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_dot_one(sum[i][j], left, pairs_load((const bf16 *)(panel + j * VEC_WIDTH)));
      }
    }
  }
}

INLINE void strided_product_body(const strided_product *p, const int rows, const int vectors, const int f32) {
  vec sum[GEMM_ROWS][GEMM_VECS];
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) {
      sum[i][j] = vec_set(0.0f);
    }
  }
  if (f32) {
    multiply_f32(p, sum, rows, vectors);
  } else {
    multiply_bf16(p, sum, rows, vectors);
  }
  float *out = p->out;
  const int64_t stride = p->out_row_stride;
  if (p->factor) {
    for (int j = 0; j < vectors; j++) {
      vec factor = vec_load(p->factor + j * VEC_WIDTH);
      for (int i = 0; i < rows; i++) {
        float *place = out + i * stride + j * VEC_WIDTH;
        vec_store(place, vec_fma(factor, vec_load(place), sum[i][j]));
      }
    }
    return;
  }
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) {
      vec_store(out + i * stride + j * VEC_WIDTH, sum[i][j]);
    }
  }
  if (p->largest) {
    for (int j = 0; j < vectors; j++) {
      vec largest = vec_load(p->largest + j * VEC_WIDTH);
      for (int i = 0; i < rows; i++) {
        largest = vec_max(largest, sum[i][j]);
      }
      vec_store(p->largest + j * VEC_WIDTH, largest);
    }
  }
}

#define GEMM_CASE(rows, vectors) strided_product_body(p, rows, vectors, f32)

INLINE void strided_product_of(const strided_product *p, int rows, int vectors, const int f32) {
  GEMM_CASES(rows, vectors);
}

void TIER_NAME(strided_product)(const strided_product *p, int rows, int vectors) {
  if (p->dtype == PANAMBA_F32) {
    strided_product_of(p, rows, vectors, 1);
  } else {
    strided_product_of(p, rows, vectors, 0);
  }
}
