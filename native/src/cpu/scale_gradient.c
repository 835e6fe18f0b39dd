/* The gradient of rows scaled by channel and by image. */
#include "norm_rows.h"
#include "tier.h"

/* A tile is a part of the parameters' gradient, whose rows are added in their order. */
int64_t TIER_NAME(scale_gradient_tiles)(const void *args) {
  const panamba_scale_gradient_args *a = args;
  return ceil_div(a->batch * a->length, PANAMBA_SCALE_PART_ROWS);
}

/* x_gradient may be out_gradient: each vector is read before it is written. */
static void pass_row(const panamba_scale_gradient_args *a, int64_t row, float *part) {
  const float *gradient = a->out_gradient + row * a->out_gradient_row_stride;
  float *x_gradient = a->x_gradient + row * a->x_gradient_row_stride;
  const vec image = vec_set(a->image_scale ? a->image_scale[row / a->length] : 1.0f);
  for (int64_t i = 0; i < a->channels; i += VEC_WIDTH) {
    vec g = load_tail(gradient, i, a->channels);
    vec factor = image;
    if (part) {
      vec x = load_tail(a->x + row * a->x_row_stride, i, a->channels);
      store_tail(part, vec_fma(vec_mul(image, g), x, load_tail(part, i, a->channels)), i, a->channels);
      factor = vec_mul(load_tail(a->channel_scale, i, a->channels), image);
    }
    store_tail(x_gradient, vec_mul(factor, g), i, a->channels);
  }
}

void TIER_NAME(scale_gradient_tile)(const void *args, int64_t tile) {
  const panamba_scale_gradient_args *a = args;
  float *part = a->parameter_parts ? a->parameter_parts + tile * a->channels : 0;
  for (int64_t i = 0; part && i < a->channels; i += VEC_WIDTH) {
    store_tail(part, vec_set(0.0f), i, a->channels);
  }
  int64_t to = min64(a->batch * a->length, (tile + 1) * PANAMBA_SCALE_PART_ROWS);
  for (int64_t row = tile * PANAMBA_SCALE_PART_ROWS; row < to; row++) {
    pass_row(a, row, part);
  }
}
