/* Rows scaled by channel and by image. */
#include "row_tiles.h"
#include "tier.h"

int64_t TIER_NAME(scale_tiles)(const void *args) {
  const panamba_scale_args *a = args;
  return ceil_div(a->batch * a->length, rows_of_tile(a->channels));
}

void TIER_NAME(scale_tile)(const void *args, int64_t tile) {
  const panamba_scale_args *a = args;
  int64_t rows = rows_of_tile(a->channels);
  int64_t to = min64(a->batch * a->length, (tile + 1) * rows);
  for (int64_t row = tile * rows; row < to; row++) {
    const float *x = a->x + row * a->x_row_stride;
    float *out = a->out + row * a->out_row_stride;
    const vec image = vec_set(a->image_scale ? a->image_scale[row / a->length] : 1.0f);
    for (int64_t i = 0; i < a->channels; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->channels - i);
      vec factor = a->channel_scale ? vec_mul(vec_load_lanes(a->channel_scale + i, lanes), image) : image;
      vec_store_lanes(out + i, vec_mul(factor, vec_load_lanes(x + i, lanes)), lanes);
    }
  }
}
