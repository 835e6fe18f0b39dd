/*
 * Depthwise convolution over a grid. A vector of channels goes through the image alone: no shuffles, no edge lanes. Of a
 * row of the output, a strip of pixels is summed in registers, a row of the kernel at a time, whose weights are in
 * registers too; each pixel that is loaded feeds as many sums as the kernel is wide. Taps outside of the grid are left
 * out: at 7 x 7 pixels only 57 of 100 exist.
 */
#include "tier.h"
#include "vec_gelu.h"

/* Rows of the output in a tile. */
#define TILE_HEIGHT 8

/* Pixels of a strip: sums, a row of a kernel of 7 and the loaded pixel fill the registers. Shorter ones end a row. */
#if VEC_REGISTERS == 32
#define STRIP 14
#else
#define STRIP 7
#endif

int64_t TIER_NAME(depthwise_tiles)(const void *args) {
  const panamba_depthwise_args *a = args;
  return a->batch * ceil_div(a->channels, VEC_WIDTH) * ceil_div(a->height, TILE_HEIGHT);
}

/* A vector of channels of one image. */
typedef struct {
  const panamba_depthwise_args *args;
  int64_t pixel; /* the image's first pixel */
  int64_t channel;
  int lanes;
} channels;

/* `taps` neighbours in a row of the kernel, in the order in which they meet the pixels of a row. */
INLINE void load_weights(const channels *c, int64_t ky, vec weight[], const int side) {
  const panamba_depthwise_args *a = c->args;
  for (int kx = 0; kx < side; kx++) {
    int64_t tap = ky * side + kx;
    tap = a->flipped ? side * side - 1 - tap : tap;
    weight[kx] = vec_load_lanes(a->weight + tap * a->channels + c->channel, c->lanes);
  }
}

/* Pixels x .. x + width - 1 of row y. */
INLINE void strip(const channels *c, int64_t y, int64_t x, const int width, const int side, const int32_t dtype,
                  const int whole) {
  const panamba_depthwise_args *a = c->args;
  const int lanes = whole ? VEC_WIDTH : c->lanes;
  vec sum[STRIP];
  vec bias = a->bias ? vec_load_lanes(a->bias + c->channel, lanes) : vec_set(0.0f);
  for (int i = 0; i < width; i++) {
    sum[i] = bias;
  }
  int64_t first = max64(0, side / 2 - y);
  int64_t last = min64(side, a->height + side / 2 - y);
  for (int64_t ky = first; ky < last; ky++) {
    vec weight[PANAMBA_MAX_DEPTHWISE_SIDE];
    load_weights(c, ky, weight, side);
    int64_t row = c->pixel + (y + ky - side / 2) * a->width;
    for (int i = 0; i < width + side - 1; i++) {
      int64_t column = x + i - side / 2;
      if (column < 0 || column >= a->width) {
        continue;
      }
      vec pixel = vec_load_as(dtype, a->x, (row + column) * a->x_pixel_stride + c->channel, lanes);
      for (int kx = 0; kx < side; kx++) {
        if (i - kx >= 0 && i - kx < width) {
          sum[i - kx] = vec_fma(weight[kx], pixel, sum[i - kx]);
        }
      }
    }
  }
  for (int i = 0; i < width; i++) {
    int64_t place = c->pixel + y * a->width + x + i;
    vec value = sum[i];
    if (a->activation != PANAMBA_ACTIVATION_NONE) {
      value = a->activation == PANAMBA_ACTIVATION_GELU ? vec_gelu(value) : vec_silu(value);
    }
    if (a->gate) {
      value = vec_mul(value, vec_load_as(dtype, a->gate, place * a->gate_pixel_stride + c->channel, lanes));
    }
    vec_store_as(dtype, a->out, place * a->out_pixel_stride + c->channel, value, lanes);
  }
}

INLINE void convolve_rows(const channels *c, int64_t from, int64_t to, const int side, const int32_t dtype,
                          const int whole) {
  const int64_t width = c->args->width;
  for (int64_t y = from; y < to; y++) {
    int64_t x = 0;
    for (; x + STRIP <= width; x += STRIP) {
      strip(c, y, x, STRIP, side, dtype, whole);
    }
    if (STRIP > 7 && x + 7 <= width) {
      strip(c, y, x, 7, side, dtype, whole);
      x += 7;
    }
    if (x + 4 <= width) {
      strip(c, y, x, 4, side, dtype, whole);
      x += 4;
    }
    for (; x < width; x++) {
      strip(c, y, x, 1, side, dtype, whole);
    }
  }
}

/* Functions of their own, so that each has the registers for itself. */
#define CONVOLVE(side)                                                            \
  static void convolve_f32_##side(const channels *c, int64_t from, int64_t to) {  \
    convolve_rows(c, from, to, side, PANAMBA_F32, 1);                             \
  }                                                                               \
  static void convolve_bf16_##side(const channels *c, int64_t from, int64_t to) { \
    convolve_rows(c, from, to, side, PANAMBA_BF16, 1);                            \
  }                                                                               \
  static void convolve_tail_##side(const channels *c, int64_t from, int64_t to) { \
    convolve_rows(c, from, to, side, c->args->dtype, 0);                          \
  }                                                                               \
  static void convolve_##side(const channels *c, int64_t from, int64_t to) {      \
    if (c->lanes < VEC_WIDTH) {                                                   \
      convolve_tail_##side(c, from, to);                                          \
    } else if (c->args->dtype == PANAMBA_F32) {                                   \
      convolve_f32_##side(c, from, to);                                           \
    } else {                                                                      \
      convolve_bf16_##side(c, from, to);                                          \
    }                                                                             \
  }

CONVOLVE(3)
CONVOLVE(5)
CONVOLVE(7)

void TIER_NAME(depthwise_tile)(const void *args, int64_t tile) {
  const panamba_depthwise_args *a = args;
  int64_t bands = ceil_div(a->height, TILE_HEIGHT);
  int64_t blocks = ceil_div(a->channels, VEC_WIDTH);
  int64_t channel = tile / bands % blocks * VEC_WIDTH;
  channels c = {.args = a,
                .pixel = tile / (bands * blocks) * a->height * a->width,
                .channel = channel,
                .lanes = (int)min64(VEC_WIDTH, a->channels - channel)};
  int64_t from = tile % bands * TILE_HEIGHT;
  int64_t to = min64(a->height, from + TILE_HEIGHT);
  switch (a->side) {
    case 3: convolve_3(&c, from, to); break;
    case 5: convolve_5(&c, from, to); break;
    default: convolve_7(&c, from, to); break;
  }
}
