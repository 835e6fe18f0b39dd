/* Bilinear resize of maps, and of the products of a convolution. */
#include "resize_places.h"
#include "tier.h"
#include "vec_gelu.h"

/* A tile is a row of the result. */
int64_t TIER_NAME(resize_tiles)(const void *args) {
  const panamba_resize_args *a = args;
  return a->batch * a->out_height;
}

/* The four pixels that a pixel of the result mixes. */
typedef struct {
  const float *pixels[4];
  vec weights[4];
} mixture;

INLINE vec mix(vec sum, const mixture *m, int64_t i, const int lanes) {
  for (int p = 0; p < 4; p++) {
    sum = vec_fma(m->weights[p], vec_load_lanes(m->pixels[p] + i, lanes), sum);
  }
  return sum;
}

INLINE void finish(const panamba_resize_args *a, float *out, vec sum, const int lanes) {
  if (a->accumulate != 0.0f) {
    sum = vec_fma(vec_set(a->accumulate), vec_load_lanes(out, lanes), sum);
  }
  if (a->activation != PANAMBA_ACTIVATION_NONE) {
    sum = vec_activation(sum, a->activation);
  }
  vec_store_lanes(out, sum, lanes);
}

INLINE void mix_all(const panamba_resize_args *a, const mixture *mixtures, int count, float *out) {
  int64_t whole = a->channels - a->channels % VEC_WIDTH;
  for (int64_t i = 0; i < whole; i += VEC_WIDTH) {
    vec sum = vec_set(0.0f);
    for (int m = 0; m < count; m++) {
      sum = mix(sum, mixtures + m, i, VEC_WIDTH);
    }
    finish(a, out + i, sum, VEC_WIDTH);
  }
  if (whole < a->channels) {
    int lanes = (int)(a->channels - whole);
    vec sum = vec_set(0.0f);
    for (int m = 0; m < count; m++) {
      sum = mix(sum, mixtures + m, whole, lanes);
    }
    finish(a, out + whole, sum, lanes);
  }
}

void TIER_NAME(resize_tile)(const void *args, int64_t tile) {
  const panamba_resize_args *a = args;
  int64_t y = tile % a->out_height;
  const float *image = a->x + tile / a->out_height * a->height * a->width * a->x_pixel_stride;
  float *out = a->out + tile * a->out_width * a->out_pixel_stride;
  resize_axis rows = axis_of(a->height, a->out_height, a->corners);
  resize_axis columns = axis_of(a->width, a->out_width, a->corners);
  int reach = a->side / 2;
  for (int64_t x = 0; x < a->out_width; x++, out += a->out_pixel_stride) {
    mixture mixtures[9];
    int count = 0;
    for (int ky = -reach; ky <= reach; ky++) {
      if (y + ky < 0 || y + ky >= a->out_height) {
        continue;
      }
      resize_place row = place_of(&rows, y + ky);
      const float *low = image + row.low * a->width * a->x_pixel_stride;
      const float *high = image + row.high * a->width * a->x_pixel_stride;
      for (int kx = -reach; kx <= reach; kx++) {
        if (x + kx < 0 || x + kx >= a->out_width) {
          continue;
        }
        resize_place column = place_of(&columns, x + kx);
        int64_t tap = (int64_t)((ky + reach) * a->side + kx + reach) * a->channels;
        int64_t left = column.low * a->x_pixel_stride + tap;
        int64_t right = column.high * a->x_pixel_stride + tap;
        mixtures[count++] =
            (mixture){.pixels = {low + left, low + right, high + left, high + right},
                      .weights = {vec_set(row.of_low * column.of_low), vec_set(row.of_low * column.of_high),
                                  vec_set(row.of_high * column.of_low), vec_set(row.of_high * column.of_high)}};
      }
    }
    mix_all(a, mixtures, count, out);
  }
}
