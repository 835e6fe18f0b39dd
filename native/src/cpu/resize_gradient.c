/* The gradient of a bilinear resize. */
#include "resize_places.h"
#include "tier.h"

/* A tile is a row of x. */
int64_t TIER_NAME(resize_gradient_tiles)(const void *args) {
  const panamba_resize_gradient_args *a = args;
  return a->batch * a->height;
}

/* The first pixel of the result that may read a pixel of x. Those that do follow each other. */
static int64_t first_reader(const resize_axis *axis, int64_t pixel, int64_t out_size) {
  if (pixel < 2 || axis->step == 0) {
    return 0;
  }
  int64_t first = (int64_t)(((double)(pixel - 1) - axis->first) / axis->step) - 1;
  return first < 0 ? 0 : min64(first, out_size);
}

/* What a pixel of the result takes of a pixel of x. */
static float share_of(const resize_place *place, int64_t pixel) {
  return (place->low == pixel ? place->of_low : 0.0f) + (place->high == pixel ? place->of_high : 0.0f);
}

INLINE void add_row(const panamba_resize_gradient_args *a, const resize_axis *columns, const float *row, float share,
                    int64_t x, float *gradient) {
  for (int64_t j = first_reader(columns, x, a->out_width); j < a->out_width; j++) {
    resize_place place = place_of(columns, j);
    if (place.low > x) {
      break;
    }
    float weight = share * share_of(&place, x);
    if (weight == 0.0f) {
      continue;
    }
    const float *from = row + j * a->out_pixel_stride;
    for (int64_t i = 0; i < a->channels; i += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, a->channels - i);
      vec sum = vec_fma(vec_set(weight), vec_load_lanes(from + i, lanes), vec_load_lanes(gradient + i, lanes));
      vec_store_lanes(gradient + i, sum, lanes);
    }
  }
}

void TIER_NAME(resize_gradient_tile)(const void *args, int64_t tile) {
  const panamba_resize_gradient_args *a = args;
  int64_t y = tile % a->height;
  const float *image = a->out_gradient + tile / a->height * a->out_height * a->out_width * a->out_pixel_stride;
  resize_axis rows = axis_of(a->height, a->out_height, a->corners);
  resize_axis columns = axis_of(a->width, a->out_width, a->corners);
  for (int64_t x = 0; x < a->width; x++) {
    float *gradient = a->x_gradient + (tile * a->width + x) * a->x_pixel_stride;
    for (int64_t i = 0; i < a->channels; i++) {
      gradient[i] = a->accumulate != 0.0f ? a->accumulate * gradient[i] : 0.0f;
    }
    for (int64_t j = first_reader(&rows, y, a->out_height); j < a->out_height; j++) {
      resize_place place = place_of(&rows, j);
      if (place.low > y) {
        break;
      }
      float share = share_of(&place, y);
      if (share != 0.0f) {
        add_row(a, &columns, image + j * a->out_width * a->out_pixel_stride, share, x, gradient);
      }
    }
  }
}
