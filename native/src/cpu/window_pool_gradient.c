/* The gradient of the mean or the maximum of windows of a map. */
#include <math.h>

#include "tier.h"
#include "windows.h"

/* A tile is a row of x. */
int64_t TIER_NAME(window_pool_gradient_tiles)(const void *args) {
  const panamba_window_pool_gradient_args *a = args;
  return a->batch * a->height;
}

typedef struct {
  window_range rows;
  window_range columns;
  const float *gradient;
} window;

INLINE void pass_mean(const panamba_window_pool_gradient_args *a, const window *w, float *to) {
  int64_t pixels = (w->rows.to - w->rows.from) * (w->columns.to - w->columns.from);
  vec share = vec_set(1.0f / (float)pixels);
  for (int64_t i = 0; i < a->channels; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, a->channels - i);
    vec sum = vec_fma(share, vec_load_lanes(w->gradient + i, lanes), vec_load_lanes(to + i, lanes));
    vec_store_lanes(to + i, sum, lanes);
  }
}

/* Whether (y, x) is the first of the largest pixels of a window. */
static int is_largest(const panamba_window_pool_gradient_args *a, const float *image, const window *w, int64_t y,
                      int64_t x, int64_t i) {
  float own = image[(y * a->width + x) * a->x_pixel_stride + i];
  for (int64_t row = w->rows.from; row < w->rows.to; row++) {
    for (int64_t column = w->columns.from; column < w->columns.to; column++) {
      float other = image[(row * a->width + column) * a->x_pixel_stride + i];
      int before = row < y || (row == y && column < x);
      int after = row > y || (row == y && column > x);
      if (before && (isnan(other) || (!isnan(own) && other >= own))) {
        return 0;
      }
      if (after && !isnan(own) && (isnan(other) || other > own)) {
        return 0;
      }
    }
  }
  return 1;
}

void TIER_NAME(window_pool_gradient_tile)(const void *args, int64_t tile) {
  const panamba_window_pool_gradient_args *a = args;
  int64_t image = tile / a->height;
  int64_t y = tile % a->height;
  const float *pixels = a->x ? a->x + image * a->height * a->width * a->x_pixel_stride : 0;
  const float *out = a->out_gradient + image * a->out_height * a->out_width * a->channels;
  window_range rows = windows_with(y, a->height, a->out_height, a->window, a->stride);
  for (int64_t x = 0; x < a->width; x++) {
    float *to = a->x_gradient + (tile * a->width + x) * a->channels;
    for (int64_t i = 0; i < a->channels; i++) {
      to[i] = 0.0f;
    }
    window_range columns = windows_with(x, a->width, a->out_width, a->window, a->stride);
    for (int64_t row = rows.from; row < rows.to; row++) {
      window w = {.rows = window_of(row, a->height, a->out_height, a->window, a->stride)};
      for (int64_t column = columns.from; column < columns.to; column++) {
        w.columns = window_of(column, a->width, a->out_width, a->window, a->stride);
        if (y < w.rows.from || y >= w.rows.to || x < w.columns.from || x >= w.columns.to) {
          continue;
        }
        w.gradient = out + (row * a->out_width + column) * a->channels;
        if (a->kind == PANAMBA_POOL_MEAN) {
          pass_mean(a, &w, to);
          continue;
        }
        for (int64_t i = 0; i < a->channels; i++) {
          if (is_largest(a, pixels, &w, y, x, i)) {
            to[i] += w.gradient[i];
          }
        }
      }
    }
  }
}
