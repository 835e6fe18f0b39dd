#include "microkernel.h"

#include "gemm_cases.h"
#include "vec_gelu.h"

/* The rows of a tap, or of the one input. */
INLINE void find_rows(const panel_product *p, int64_t tap, const void *input[GEMM_ROWS], const int rows) {
  for (int i = 0; i < rows; i++) {
    input[i] = p->taps ? p->tap_rows[tap * GEMM_ROWS + i] : element_at(p->input, p->dtype, i * p->input_row_stride);
  }
}

INLINE void multiply_f32(const panel_product *p, int64_t tap, vec sum[GEMM_ROWS][GEMM_VECS], const int rows,
                         const int vectors) {
  const void *row[GEMM_ROWS];
  const float *input[GEMM_ROWS];
  find_rows(p, tap, row, rows);
  for (int i = 0; i < rows; i++) {
    input[i] = row[i];
  }
  const float *panel = p->taps ? p->tap_panels[tap] : p->panel;
  uintptr_t ahead = (uintptr_t)panel + (uintptr_t)p->ahead;
  for (int64_t k = 0; k < p->depth; k++, panel += vectors * VEC_WIDTH, ahead += CACHE_LINE) {
    __builtin_prefetch((const void *)ahead, 0, 2);
    vec weight[GEMM_VECS];
    for (int j = 0; j < vectors; j++) {
      weight[j] = vec_load(panel + j * VEC_WIDTH);
    }
    for (int i = 0; i < rows; i++) {
      float x = input[i][k];
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_fma_one(x, weight[j], sum[i][j]);
      }
    }
  }
}

INLINE void multiply_bf16(const panel_product *p, int64_t tap, vec sum[GEMM_ROWS][GEMM_VECS], const int rows,
                          const int vectors) {
  const void *row[GEMM_ROWS];
  const bf16 *input[GEMM_ROWS];
  find_rows(p, tap, row, rows);
  for (int i = 0; i < rows; i++) {
    input[i] = row[i];
  }
  const bf16 *panel = p->taps ? p->tap_panels[tap] : p->panel;
  uintptr_t ahead = (uintptr_t)panel + (uintptr_t)p->ahead;
  int64_t k = 0;
  for (; k + 1 < p->depth; k += 2, panel += vectors * VEC_WIDTH * 2, ahead += CACHE_LINE) {
    __builtin_prefetch((const void *)ahead, 0, 2);
    pairs weight[GEMM_VECS];
    for (int j = 0; j < vectors; j++) {
      weight[j] = pairs_load(panel + j * VEC_WIDTH * 2);
    }
    for (int i = 0; i < rows; i++) {
      pair x = pair_load(input[i] + k);
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_dot_one(sum[i][j], x, weight[j]);
      }
    }
  }
  if (k < p->depth) {
    for (int i = 0; i < rows; i++) {
      pair x = pair_load_one(input[i] + k);
      for (int j = 0; j < vectors; j++) {
        sum[i][j] = vec_dot_one(sum[i][j], x, pairs_load(panel + j * VEC_WIDTH * 2));
      }
    }
  }
}

/* Not unrolled: what an activation takes is far more than the way through memory. */
INLINE void activate_by(const panel_product *p, const float *values, int rows, int vectors, const int32_t kind) {
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) {
      int lanes = j == vectors - 1 ? p->last_lanes : VEC_WIDTH;
      vec value = vec_activation(vec_load(values + (i * GEMM_VECS + j) * VEC_WIDTH), kind);
      vec_store_as(p->out_dtype, p->out, i * p->out_row_stride + j * VEC_WIDTH, value, lanes);
    }
  }
}

static void activate(const panel_product *p, const float *values, int rows, int vectors) {
  switch (p->activation) {
    case PANAMBA_ACTIVATION_RELU: activate_by(p, values, rows, vectors, PANAMBA_ACTIVATION_RELU); break;
    case PANAMBA_ACTIVATION_GELU: activate_by(p, values, rows, vectors, PANAMBA_ACTIVATION_GELU); break;
    default: activate_by(p, values, rows, vectors, PANAMBA_ACTIVATION_SILU); break;
  }
}

INLINE void panel_product_body(const panel_product *p, const int rows, const int vectors, const int f32) {
  vec sum[GEMM_ROWS][GEMM_VECS];
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) {
      sum[i][j] = vec_set(0.0f);
    }
  }
  int64_t tap = 0;
  do {
    if (f32) {
      multiply_f32(p, tap, sum, rows, vectors);
    } else {
      multiply_bf16(p, tap, sum, rows, vectors);
    }
  } while (++tap < p->taps);
  int activated = p->activation != PANAMBA_ACTIVATION_NONE;
  float values[GEMM_ROWS * GEMM_VECS * VEC_WIDTH];
  for (int j = 0; j < vectors; j++) {
    int lanes = j == vectors - 1 ? p->last_lanes : VEC_WIDTH;
    vec bias = p->bias ? vec_load_lanes(p->bias + j * VEC_WIDTH, lanes) : vec_set(0.0f);
    for (int i = 0; i < rows; i++) {
      int64_t place = i * p->out_row_stride + j * VEC_WIDTH;
      vec value = vec_add(sum[i][j], bias);
      if (p->accumulate != 0.0f) {
        value = vec_fma(vec_set(p->accumulate), vec_load_as(p->out_dtype, p->out, place, lanes), value);
      }
      if (p->multiply) {
        value = vec_mul(value, vec_load_as(p->out_dtype, p->out, place, lanes));
      }
      if (activated) {
        vec_store(values + (i * GEMM_VECS + j) * VEC_WIDTH, value);
      } else {
        vec_store_as(p->out_dtype, p->out, place, value, lanes);
      }
    }
  }
  if (activated) {
    activate(p, values, rows, vectors);
  }
}

/* One specialisation per shape: the loops over rows and vectors unroll, and the sums live in registers. */
#define GEMM_CASE(rows, vectors) panel_product_body(p, rows, vectors, f32)

INLINE void panel_product_of(const panel_product *p, int rows, int vectors, const int f32) {
  GEMM_CASES(rows, vectors);
}

void TIER_NAME(panel_product)(const panel_product *p, int rows, int vectors) {
  if (p->dtype == PANAMBA_F32) {
    panel_product_of(p, rows, vectors, 1);
  } else {
    panel_product_of(p, rows, vectors, 0);
  }
}
