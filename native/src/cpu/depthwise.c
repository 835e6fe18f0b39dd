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

/* What follows the sum, through memory: an activation takes far longer. */
static void finish(const channels *c, int64_t pixel, const float *sums, int width) {
  const panamba_depthwise_args *a = c->args;
  for (int i = 0; i < width; i++) {
    vec value = vec_load(sums + i * VEC_WIDTH);
    if (a->activation != PANAMBA_ACTIVATION_NONE) {
      value = vec_activation(value, a->activation);
    }
    if (a->gate) {
      value = vec_mul(value, vec_load_as(a->dtype, a->gate, (pixel + i) * a->gate_pixel_stride + c->channel, c->lanes));
    }
    vec_store_as(a->dtype, a->out, (pixel + i) * a->out_pixel_stride + c->channel, value, c->lanes);
  }
}

/* Loops over sums are unrolled whole: registers have no index at run time, and compilers by themselves leave loops of
 * more than sixteen rounds. */

/* Adds a row of the kernel: `row` is the pixel under its first tap at the strip's first pixel, and of the pixels from
 * there on, those from `from` to `to` exist. */
INLINE void add_row(const void *row, int64_t stride, const vec weight[], vec sum[], int64_t from, int64_t to,
                    const int width, const int side, const int32_t dtype, const int lanes, const int inside) {
#pragma GCC unroll 32
  for (int i = 0; i < width + side - 1; i++) {
    if (inside || (i >= from && i < to)) {
      vec pixel = vec_load_as(dtype, row, i * stride, lanes);
#pragma GCC unroll 8
      for (int kx = 0; kx < side; kx++) {
        if (i - kx >= 0 && i - kx < width) {
          sum[i - kx] = vec_fma(weight[kx], pixel, sum[i - kx]);
        }
      }
    }
  }
}

/* Pixels x .. x + width - 1 of row y; `inside` if no tap of them lies left or right of the grid. */
INLINE void strip(const channels *c, int64_t y, int64_t x, const int width, const int side, const int32_t dtype,
                  const int whole, const int inside) {
  const panamba_depthwise_args *a = c->args;
  const int lanes = whole ? VEC_WIDTH : c->lanes;
  vec sum[STRIP];
  vec bias = a->bias ? vec_load_lanes(a->bias + c->channel, lanes) : vec_set(0.0f);
#pragma GCC unroll 32
  for (int i = 0; i < width; i++) {
    sum[i] = bias;
  }
  int64_t left = x - side / 2;
  int64_t from = -left;
  int64_t to = a->width - left;
  int64_t first = max64(0, side / 2 - y);
  int64_t last = min64(side, a->height + side / 2 - y);
  /* Taps in the order in which they meet the pixels of a row. */
  int64_t step = a->flipped ? -a->channels : a->channels;
  const float *taps = a->weight + c->channel + (a->flipped ? (side * side - 1) * a->channels : 0) + first * side * step;
  for (int64_t ky = first; ky < last; ky++) {
    vec weight[PANAMBA_MAX_DEPTHWISE_SIDE];
#pragma GCC unroll 8
    for (int kx = 0; kx < side; kx++, taps += step) {
      weight[kx] = vec_load_lanes(taps, lanes);
    }
    int64_t pixel = c->pixel + (y + ky - side / 2) * a->width + left;
    add_row(element_at(a->x, dtype, pixel * a->x_pixel_stride + c->channel), a->x_pixel_stride, weight, sum, from, to,
            width, side, dtype, lanes, inside);
  }
  int64_t pixel = c->pixel + y * a->width + x;
  if (a->gate || a->activation != PANAMBA_ACTIVATION_NONE) {
    float sums[STRIP * VEC_WIDTH];
#pragma GCC unroll 32
    for (int i = 0; i < width; i++) {
      vec_store(sums + i * VEC_WIDTH, sum[i]);
    }
    finish(c, pixel, sums, width);
    return;
  }
#pragma GCC unroll 32
  for (int i = 0; i < width; i++) {
    vec_store_as(dtype, a->out, (pixel + i) * a->out_pixel_stride + c->channel, sum[i], lanes);
  }
}

INLINE void convolve_rows(const channels *c, int64_t from, int64_t to, const int side, const int32_t dtype,
                          const int whole) {
  const int64_t width = c->args->width;
  for (int64_t y = from; y < to; y++) {
    int64_t x = 0;
    for (; x + STRIP <= width; x += STRIP) {
      if (whole && x >= side / 2 && x + STRIP + side / 2 <= width) {
        strip(c, y, x, STRIP, side, dtype, whole, 1);
      } else {
        strip(c, y, x, STRIP, side, dtype, whole, 0);
      }
    }
    if (STRIP > 7 && x + 7 <= width) {
      strip(c, y, x, 7, side, dtype, whole, 0);
      x += 7;
    }
    if (x + 4 <= width) {
      strip(c, y, x, 4, side, dtype, whole, 0);
      x += 4;
    }
    for (; x < width; x++) {
      strip(c, y, x, 1, side, dtype, whole, 0);
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
