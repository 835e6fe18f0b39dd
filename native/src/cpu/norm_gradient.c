/*
 * The gradient of a normalisation. With n the normalised row and q = out_gradient * weight,
 *   x_gradient = (q - mean(q n) n) / sqrt(mean(x^2) + eps), and less mean(q) in the brackets for a layer norm.
 */
#include "norm_rows.h"
#include "tier.h"

int64_t TIER_NAME(norm_gradient_tiles)(const void *args) {
  const panamba_norm_gradient_args *a = args;
  return ceil_div(a->rows, PANAMBA_NORM_PART_ROWS);
}

static void pass_row(const panamba_norm_gradient_args *a, int64_t row, float *part) {
  const float *x = a->residual + row * a->residual_row_stride;
  const float *gradient = a->out_gradient + row * a->dim;
  float *x_gradient = a->residual_gradient + row * a->residual_gradient_row_stride;
  float row_mean;
  float row_factor;
  find_normals(a->kind, a->eps, x, 0, a->dim, &row_mean, &row_factor, 1);
  const vec mean = vec_set(row_mean);
  const vec factor = vec_set(row_factor);
  /* Padding lanes of a gradient are zero, and so are all products with them. */
  vec q_sum = vec_set(0.0f);
  vec qn_sum = vec_set(0.0f);
  for (int64_t i = 0; i < a->dim; i += VEC_WIDTH) {
    vec g = load_tail(gradient, i, a->dim);
    vec n = vec_mul(vec_sub(load_tail(x, i, a->dim), mean), factor);
    vec q = vec_mul(g, load_tail(a->weight, i, a->dim));
    q_sum = vec_add(q_sum, q);
    qn_sum = vec_fma(q, n, qn_sum);
    store_tail(part, vec_fma(g, n, load_tail(part, i, a->dim)), i, a->dim);
    store_tail(part + a->dim, vec_add(g, load_tail(part + a->dim, i, a->dim)), i, a->dim);
  }
  const vec q_mean = vec_set(a->kind == PANAMBA_LAYER_NORM ? vec_sum(q_sum) / (float)a->dim : 0.0f);
  const vec qn_mean = vec_set(vec_sum(qn_sum) / (float)a->dim);
  for (int64_t i = 0; i < a->dim; i += VEC_WIDTH) {
    vec n = vec_mul(vec_sub(load_tail(x, i, a->dim), mean), factor);
    vec q = vec_mul(load_tail(gradient, i, a->dim), load_tail(a->weight, i, a->dim));
    vec value = vec_mul(factor, vec_sub(vec_sub(q, q_mean), vec_mul(qn_mean, n)));
    if (a->accumulate != 0.0f) {
      value = vec_fma(vec_set(a->accumulate), load_tail(x_gradient, i, a->dim), value);
    }
    store_tail(x_gradient, value, i, a->dim);
  }
}

void TIER_NAME(norm_gradient_tile)(const void *args, int64_t tile) {
  const panamba_norm_gradient_args *a = args;
  float *part = a->parameter_parts + tile * 2 * a->dim;
  for (int64_t i = 0; i < 2 * a->dim; i += VEC_WIDTH) {
    store_tail(part, vec_set(0.0f), i, 2 * a->dim);
  }
  int64_t end = min64(a->rows, (tile + 1) * PANAMBA_NORM_PART_ROWS);
  for (int64_t row = tile * PANAMBA_NORM_PART_ROWS; row < end; row++) {
    pass_row(a, row, part);
  }
}
