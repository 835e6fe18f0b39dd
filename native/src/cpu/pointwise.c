/* Functions of single elements. */
#include "tier.h"
#include "vec_math.h"

#define TILE_ELEMENTS 8192

#define LOG2_E 1.44269504f

static int64_t rows_of_tile(const panamba_pointwise_args *a) {
  return a->columns >= TILE_ELEMENTS ? 1 : TILE_ELEMENTS / a->columns;
}

int64_t TIER_NAME(pointwise_tiles)(const void *args) {
  const panamba_pointwise_args *a = args;
  return ceil_div(a->rows, rows_of_tile(a));
}

INLINE void apply(const panamba_pointwise_args *a, int64_t from, int64_t to, const int silu) {
  for (int64_t row = from; row < to; row++) {
    const float *x = a->x + row * a->x_row_stride;
    float *out = a->out + row * a->out_row_stride;
    for (int64_t i = 0; i < a->columns; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->columns - i);
      vec value = vec_load_lanes(x + i, lanes);
      value = silu ? vec_silu(value) : vec_mul(vec_exp(value), vec_set(-LOG2_E));
      vec_store_lanes(out + i, value, lanes);
    }
  }
}

void TIER_NAME(pointwise_tile)(const void *args, int64_t tile) {
  const panamba_pointwise_args *a = args;
  int64_t rows = rows_of_tile(a);
  int64_t from = tile * rows;
  int64_t to = min64(a->rows, from + rows);
  if (a->kind == PANAMBA_POINTWISE_SILU) {
    apply(a, from, to, 1);
  } else {
    apply(a, from, to, 0);
  }
}
