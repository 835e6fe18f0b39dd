/* The mean or the maximum of windows of a map. */
#include "tier.h"
#include "windows.h"

/* A tile is a row of the result. */
int64_t TIER_NAME(window_pool_tiles)(const void *args) {
  const panamba_window_pool_args *a = args;
  return a->batch * a->out_height;
}

INLINE vec pool_window(const panamba_window_pool_args *a, const float *image, window_range rows, window_range columns,
                       int64_t i, int lanes) {
  vec value = vec_set(0.0f);
  int first = 1;
  for (int64_t y = rows.from; y < rows.to; y++) {
    for (int64_t x = columns.from; x < columns.to; x++) {
      vec next = vec_load_lanes(image + (y * a->width + x) * a->x_pixel_stride + i, lanes);
      value = first ? next : a->kind == PANAMBA_POOL_MAX ? vec_max_nan(value, next) : vec_add(value, next);
      first = 0;
    }
  }
  float count = (float)((rows.to - rows.from) * (columns.to - columns.from));
  return a->kind == PANAMBA_POOL_MEAN ? vec_div(value, vec_set(count)) : value;
}

void TIER_NAME(window_pool_tile)(const void *args, int64_t tile) {
  const panamba_window_pool_args *a = args;
  const float *image = a->x + tile / a->out_height * a->height * a->width * a->x_pixel_stride;
  float *out = a->out + tile * a->out_width * a->out_pixel_stride;
  window_range rows = window_of(tile % a->out_height, a->height, a->out_height, a->window, a->stride);
  for (int64_t k = 0; k < a->out_width; k++, out += a->out_pixel_stride) {
    window_range columns = window_of(k, a->width, a->out_width, a->window, a->stride);
    for (int64_t i = 0; i < a->channels; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->channels - i);
      vec_store_lanes(out + i, pool_window(a, image, rows, columns, i, lanes), lanes);
    }
  }
}
