/* Functions of single elements, and the step of the optimizer. */
#include "tier.h"
#include "vec_gelu.h"

#define TILE_ELEMENTS 8192

#define LOG2_E 1.44269504f

static int64_t rows_of_tile(int64_t columns) { return columns >= TILE_ELEMENTS ? 1 : TILE_ELEMENTS / columns; }

int64_t TIER_NAME(pointwise_tiles)(const void *args) {
  const panamba_pointwise_args *a = args;
  return ceil_div(a->rows, rows_of_tile(a->columns));
}

INLINE vec value_of(vec x, const int32_t kind) {
  switch (kind) {
    case PANAMBA_POINTWISE_SILU: return vec_silu(x);
    case PANAMBA_POINTWISE_GELU: return vec_gelu(x);
    default: return vec_mul(vec_exp(x), vec_set(-LOG2_E));
  }
}

INLINE void apply(const panamba_pointwise_args *a, int64_t from, int64_t to, const int32_t kind) {
  for (int64_t row = from; row < to; row++) {
    const float *x = a->x + row * a->x_row_stride;
    float *out = a->out + row * a->out_row_stride;
    for (int64_t i = 0; i < a->columns; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->columns - i);
      vec_store_lanes(out + i, value_of(vec_load_lanes(x + i, lanes), kind), lanes);
    }
  }
}

void TIER_NAME(pointwise_tile)(const void *args, int64_t tile) {
  const panamba_pointwise_args *a = args;
  int64_t rows = rows_of_tile(a->columns);
  int64_t from = tile * rows;
  int64_t to = min64(a->rows, from + rows);
  switch (a->kind) {
    case PANAMBA_POINTWISE_SILU: apply(a, from, to, PANAMBA_POINTWISE_SILU); break;
    case PANAMBA_POINTWISE_GELU: apply(a, from, to, PANAMBA_POINTWISE_GELU); break;
    default: apply(a, from, to, PANAMBA_POINTWISE_DECAY); break;
  }
}

int64_t TIER_NAME(activation_gradient_tiles)(const void *args) {
  const panamba_activation_gradient_args *a = args;
  return ceil_div(a->rows, rows_of_tile(a->columns));
}

INLINE void pass_activation(const panamba_activation_gradient_args *a, int64_t from, int64_t to, const int gelu) {
  for (int64_t row = from; row < to; row++) {
    const float *x = a->x + row * a->x_row_stride;
    const float *gradient = a->out_gradient + row * a->out_gradient_row_stride;
    float *x_gradient = a->x_gradient + row * a->x_gradient_row_stride;
    for (int64_t i = 0; i < a->columns; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->columns - i);
      vec value = vec_load_lanes(x + i, lanes);
      vec slope = gelu ? vec_gelu_slope(value) : vec_silu_slope(value, vec_sigmoid(value));
      vec_store_lanes(x_gradient + i, vec_mul(vec_load_lanes(gradient + i, lanes), slope), lanes);
    }
  }
}

void TIER_NAME(activation_gradient_tile)(const void *args, int64_t tile) {
  const panamba_activation_gradient_args *a = args;
  int64_t rows = rows_of_tile(a->columns);
  int64_t from = tile * rows;
  int64_t to = min64(a->rows, from + rows);
  if (a->activation == PANAMBA_ACTIVATION_GELU) {
    pass_activation(a, from, to, 1);
  } else {
    pass_activation(a, from, to, 0);
  }
}

int64_t TIER_NAME(adamw_tiles)(const void *args) {
  const panamba_adamw_args *a = args;
  return ceil_div(a->count, TILE_ELEMENTS);
}

void TIER_NAME(adamw_tile)(const void *args, int64_t tile) {
  const panamba_adamw_args *a = args;
  int64_t end = min64(a->count, (tile + 1) * TILE_ELEMENTS);
  const vec factor = vec_set(a->gradient_factor ? *a->gradient_factor : 1.0f);
  const vec kept = vec_set(1.0f - a->rates[0] * a->weight_decay);
  const vec rate = vec_set(a->rates[0] / a->rates[1]);
  const vec root = vec_set(1.0f / a->rates[2]);
  const vec beta1 = vec_set(a->beta1);
  const vec beta2 = vec_set(a->beta2);
  const vec rest1 = vec_set(1.0f - a->beta1);
  const vec rest2 = vec_set(1.0f - a->beta2);
  const vec average_decay = vec_set(a->rates[3]);
  for (int64_t i = tile * TILE_ELEMENTS; i < end; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, end - i);
    vec g = vec_mul(factor, vec_load_lanes(a->gradient + i, lanes));
    vec m = vec_load_lanes(a->first_moment + i, lanes);
    vec v = vec_load_lanes(a->second_moment + i, lanes);
    vec p = vec_mul(kept, vec_load_lanes(a->parameters + i, lanes));
    m = vec_fma(beta1, m, vec_mul(rest1, g));
    v = vec_fma(beta2, v, vec_mul(rest2, vec_mul(g, g)));
    vec divisor = vec_fma(vec_sqrt(v), root, vec_set(a->eps));
    p = vec_sub(p, vec_mul(rate, vec_div(m, divisor)));
    vec_store_lanes(a->first_moment + i, m, lanes);
    vec_store_lanes(a->second_moment + i, v, lanes);
    vec_store_lanes(a->parameters + i, p, lanes);
    if (a->average) {
      vec average = vec_load_lanes(a->average + i, lanes);
      vec_store_lanes(a->average + i, vec_fma(average_decay, vec_sub(average, p), p), lanes);
    }
  }
}
