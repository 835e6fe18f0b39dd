/* The gradient of an activation, element by element. */
#include "row_tiles.h"
#include "tier.h"
#include "vec_gelu.h"

int64_t TIER_NAME(activation_gradient_tiles)(const void *args) {
  const panamba_activation_gradient_args *a = args;
  return ceil_div(a->rows, rows_of_tile(a->columns));
}

/* Of max(x, 0) it is 0 at 0. */
INLINE vec slope_of(vec x, const int32_t activation) {
  switch (activation) {
    case PANAMBA_ACTIVATION_RELU: return vec_if_negative(vec_negate(x), vec_set(1.0f), vec_set(0.0f));
    case PANAMBA_ACTIVATION_GELU: return vec_gelu_slope(x);
    default: return vec_silu_slope(x, vec_sigmoid(x));
  }
}

INLINE void pass_activation(const panamba_activation_gradient_args *a, int64_t from, int64_t to,
                            const int32_t activation) {
  for (int64_t row = from; row < to; row++) {
    const float *x = a->x + row * a->x_row_stride;
    const float *gradient = a->out_gradient + row * a->out_gradient_row_stride;
    float *x_gradient = a->x_gradient + row * a->x_gradient_row_stride;
    for (int64_t i = 0; i < a->columns; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->columns - i);
      vec value = vec_load_lanes(x + i, lanes);
      vec slope = slope_of(value, activation);
      vec_store_lanes(x_gradient + i, vec_mul(vec_load_lanes(gradient + i, lanes), slope), lanes);
    }
  }
}

void TIER_NAME(activation_gradient_tile)(const void *args, int64_t tile) {
  const panamba_activation_gradient_args *a = args;
  int64_t rows = rows_of_tile(a->columns);
  int64_t from = tile * rows;
  int64_t to = min64(a->rows, from + rows);
  switch (a->activation) {
    case PANAMBA_ACTIVATION_RELU: pass_activation(a, from, to, PANAMBA_ACTIVATION_RELU); break;
    case PANAMBA_ACTIVATION_GELU: pass_activation(a, from, to, PANAMBA_ACTIVATION_GELU); break;
    default: pass_activation(a, from, to, PANAMBA_ACTIVATION_SILU); break;
  }
}
