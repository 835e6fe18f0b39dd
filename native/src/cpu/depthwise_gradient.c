/* The gradient of a depthwise convolution's parameters: of a vector of channels, a row of the kernel at a time, whose
 * sums over the grid stay in registers. */
#include "tier.h"

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

INLINE void sum_kernel_row(const channels *c, int64_t ky, const int side, const int whole) {
  const panamba_depthwise_gradient_args *a = c->args;
  const int lanes = whole ? VEC_WIDTH : c->lanes;
  const float *x = a->x + c->image * a->height * a->width * a->x_pixel_stride + c->channel;
  const float *gradient = a->out_gradient + c->image * a->height * a->width * a->out_gradient_pixel_stride + c->channel;
  vec sum[PANAMBA_MAX_DEPTHWISE_SIDE];
  for (int kx = 0; kx < side; kx++) {
    sum[kx] = vec_set(0.0f);
  }
  int64_t from = max64(0, side / 2 - ky);
  int64_t to = min64(a->height, a->height + side / 2 - ky);
  for (int64_t y = from; y < to; y++) {
    int64_t row = (y + ky - side / 2) * a->width;
    for (int64_t column = 0; column < a->width; column++) {
      vec g = vec_load_lanes(gradient + (y * a->width + column) * a->out_gradient_pixel_stride, lanes);
      for (int kx = 0; kx < side; kx++) {
        int64_t source = column + kx - side / 2;
        if (source >= 0 && source < a->width) {
          sum[kx] = vec_fma(vec_load_lanes(x + (row + source) * a->x_pixel_stride, lanes), g, sum[kx]);
        }
      }
    }
  }
  float *parts = a->parameter_parts + (c->image * (side * side + 1) + ky * side) * a->channels + c->channel;
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
