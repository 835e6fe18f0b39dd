/* Functions of single elements. */
#include "row_tiles.h"
#include "tier.h"
#include "vec_gelu.h"

#define LOG2_E 1.44269504f

int64_t TIER_NAME(pointwise_tiles)(const void *args) {
  const panamba_pointwise_args *a = args;
  return ceil_div(a->rows, rows_of_tile(a->columns));
}

INLINE vec value_of(vec x, const int32_t kind) {
  switch (kind) {
    case PANAMBA_POINTWISE_SILU: return vec_silu(x);
    case PANAMBA_POINTWISE_GELU: return vec_gelu(x);
    case PANAMBA_POINTWISE_RELU: return vec_relu(x);
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
    case PANAMBA_POINTWISE_RELU: apply(a, from, to, PANAMBA_POINTWISE_RELU); break;
    default: apply(a, from, to, PANAMBA_POINTWISE_DECAY); break;
  }
}
