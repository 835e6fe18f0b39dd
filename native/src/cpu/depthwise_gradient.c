/* The gradient of a depthwise convolution's parameters: of a vector of channels, a row of the kernel at a time, whose
 * sums over the grid stay in registers. */
#include "tier.h"

/* Pixels of a strip, whose gradients are in registers beside the sums of a row of the kernel. */
#define STRIP 7

int64_t TIER_NAME(depthwise_gradient_tiles)(const void *args) {
  const panamba_depthwise_gradient_args *a = args;
  return a->batch * ceil_div(a->channels, VEC_WIDTH);
}

/* A vector of channels of one image. */
typedef struct {
  const panamba_depthwise_gradient_args *args;
  int64_t image;
  int64_t channel;
  int lanes;
} channels;

/* Adds a strip of a row: `x` is the pixel under the first of the row's taps at the strip's first pixel, and of the
 * pixels from there on, those from `from` to `to` exist. A sum's terms keep the order of the pixels. */
INLINE void add_strip(const panamba_depthwise_gradient_args *a, const float *x, const float *gradient, vec sum[],
                      int64_t from, int64_t to, const int width, const int side, const int lanes, const int inside) {
  vec g[STRIP];
#pragma GCC unroll 8
  for (int i = 0; i < width; i++) {
    g[i] = vec_load_lanes(gradient + i * a->out_gradient_pixel_stride, lanes);
  }
#pragma GCC unroll 16
  for (int i = 0; i < width + side - 1; i++) {
    if (inside || (i >= from && i < to)) {
      vec pixel = vec_load_lanes(x + i * a->x_pixel_stride, lanes);
#pragma GCC unroll 8
      for (int kx = 0; kx < side; kx++) {
        if (i - kx >= 0 && i - kx < width) {
          sum[kx] = vec_fma(pixel, g[i - kx], sum[kx]);
        }
      }
    }
  }
}

INLINE void sum_kernel_row(const channels *c, int64_t ky, const int side, const int whole) {
  const panamba_depthwise_gradient_args *a = c->args;
  const int lanes = whole ? VEC_WIDTH : c->lanes;
  const int64_t image = c->image * a->height * a->width;
  vec sum[PANAMBA_MAX_DEPTHWISE_SIDE];
#pragma GCC unroll 8
  for (int kx = 0; kx < side; kx++) {
    sum[kx] = vec_set(0.0f);
  }
  int64_t first = max64(0, side / 2 - ky);
  int64_t last = min64(a->height, a->height + side / 2 - ky);
  for (int64_t y = first; y < last; y++) {
    const float *gradient = a->out_gradient + (image + y * a->width) * a->out_gradient_pixel_stride + c->channel;
    int64_t row = image + (y + ky - side / 2) * a->width;
    int64_t column = 0;
    while (column < a->width) {
      int64_t left = column - side / 2;
      const float *x = a->x + (row + left) * a->x_pixel_stride + c->channel;
      const float *g = gradient + column * a->out_gradient_pixel_stride;
      if (column + STRIP > a->width) {
        add_strip(a, x, g, sum, -left, a->width - left, 1, side, lanes, 0);
        column++;
      } else if (whole && left >= 0 && left + STRIP + side - 1 <= a->width) {
        add_strip(a, x, g, sum, 0, 0, STRIP, side, lanes, 1);
        column += STRIP;
      } else {
        add_strip(a, x, g, sum, -left, a->width - left, STRIP, side, lanes, 0);
        column += STRIP;
      }
    }
  }
  float *parts = a->parameter_parts + (c->image * (side * side + 1) + ky * side) * a->channels + c->channel;
#pragma GCC unroll 8
  for (int kx = 0; kx < side; kx++) {
    vec_store_lanes(parts + kx * a->channels, sum[kx], lanes);
  }
}

static void sum_bias(const channels *c) {
  const panamba_depthwise_gradient_args *a = c->args;
  int64_t pixels = a->height * a->width;
  vec sum = vec_set(0.0f);
  for (int64_t pixel = c->image * pixels; pixel < (c->image + 1) * pixels; pixel++) {
    sum = vec_add(sum, vec_load_lanes(a->out_gradient + pixel * a->out_gradient_pixel_stride + c->channel, c->lanes));
  }
  int64_t part = c->image * (a->side * a->side + 1) + a->side * a->side;
  vec_store_lanes(a->parameter_parts + part * a->channels + c->channel, sum, c->lanes);
}

#define SUM_KERNEL(side)                                                                          \
  static void sum_whole_##side(const channels *c, int64_t ky) { sum_kernel_row(c, ky, side, 1); } \
  static void sum_tail_##side(const channels *c, int64_t ky) { sum_kernel_row(c, ky, side, 0); }  \
  static void sum_kernel_##side(const channels *c) {                                              \
    for (int64_t ky = 0; ky < side; ky++) {                                                       \
      if (c->lanes == VEC_WIDTH) {                                                                \
        sum_whole_##side(c, ky);                                                                  \
      } else {                                                                                    \
        sum_tail_##side(c, ky);                                                                   \
      }                                                                                           \
    }                                                                                             \
  }

SUM_KERNEL(3)
SUM_KERNEL(5)
SUM_KERNEL(7)

void TIER_NAME(depthwise_gradient_tile)(const void *args, int64_t tile) {
  const panamba_depthwise_gradient_args *a = args;
  int64_t blocks = ceil_div(a->channels, VEC_WIDTH);
  int64_t channel = tile % blocks * VEC_WIDTH;
  channels c = {a, tile / blocks, channel, (int)min64(VEC_WIDTH, a->channels - channel)};
  switch (a->side) {
    case 3: sum_kernel_3(&c); break;
    case 5: sum_kernel_5(&c); break;
    default: sum_kernel_7(&c); break;
  }
  sum_bias(&c);
}
