/*
 * The gradient of a convolution's weight. Of a tap it is a product over all pixels of the output: channels of the input,
 * which lie side by side, times columns of the gradient. A tile sums some channels of one tap in a buffer, a row of the
 * output at a time.
 */
#include <string.h>

#include "places.h"
#include "strided_product.h"
#include "tier.h"

#define PANEL_COLUMNS (GEMM_VECS * VEC_WIDTH)

/* Channels of a tile: eight blocks share the copy of a row's gradient. */
#define TILE_CHANNELS (8 * GEMM_ROWS)

/* Pixels of a row that are copied at a time: with AVX-512, a panel of 48 columns is 24 KiB. */
#define BLOCK_PIXELS 128

int64_t TIER_NAME(conv2d_gradient_tiles)(const void *args) {
  const panamba_conv2d_gradient_args *a = args;
  return a->kernel_height * a->kernel_width * ceil_div(a->channels, TILE_CHANNELS) *
         ceil_div(a->columns, PANEL_COLUMNS);
}

typedef struct {
  const panamba_conv2d_gradient_args *args;
  int64_t ky;
  int64_t kx;
  int64_t channel;
  int64_t channels;
  int64_t column;
  int64_t columns;
  int vectors;
  int64_t from; /* the pixels of a row of the output whose tap lies inside of the image */
  int64_t to;
  float ones[PANEL_COLUMNS]; /* what sums are multiplied by when others are added */
  float sums[TILE_CHANNELS * PANEL_COLUMNS];
  float panel[BLOCK_PIXELS * PANEL_COLUMNS];
} gradient_tile;

/* Adds what pixels [from, from + count) of a row of the output give. `input` is the first one's. */
static void add_pixels(gradient_tile *t, const float *input, const float *gradient, int64_t count) {
  const panamba_conv2d_gradient_args *a = t->args;
  float *panel = t->panel;
  for (int64_t i = 0; i < count; i++, gradient += a->columns) {
    for (int j = 0; j < t->vectors; j++, panel += VEC_WIDTH) {
      vec_store(panel, vec_load_lanes(gradient + j * VEC_WIDTH, (int)min64(VEC_WIDTH, t->columns - j * VEC_WIDTH)));
    }
  }
  for (int64_t channel = 0; channel < t->channels; channel += GEMM_ROWS) {
    strided_product p = {.input = input + channel,
                         .row_stride = sizeof(float),
                         .depth_stride = a->stride * a->channels * (int64_t)sizeof(float),
                         .panel = t->panel,
                         .depth = count,
                         .factor = t->ones,
                         .out = t->sums + channel * PANEL_COLUMNS,
                         .out_row_stride = PANEL_COLUMNS,
                         .dtype = PANAMBA_F32};
    TIER_NAME(strided_product)(&p, (int)min64(GEMM_ROWS, t->channels - channel), t->vectors);
  }
}

static void store(const gradient_tile *t) {
  const panamba_conv2d_gradient_args *a = t->args;
  for (int64_t i = 0; i < t->channels; i++) {
    float *out = a->weight_gradient + ((t->ky * a->kernel_width + t->kx) * a->channels + t->channel + i) * a->columns +
                 t->column;
    for (int64_t j = 0; j < t->columns; j += VEC_WIDTH) {
      int lanes = (int)min64(VEC_WIDTH, t->columns - j);
      vec sum = vec_load(t->sums + i * PANEL_COLUMNS + j);
      if (a->accumulate != 0.0f) {
        sum = vec_fma(vec_set(a->accumulate), vec_load_lanes(out + j, lanes), sum);
      }
      vec_store_lanes(out + j, sum, lanes);
    }
  }
}

void TIER_NAME(conv2d_gradient_tile)(const void *args, int64_t tile) {
  const panamba_conv2d_gradient_args *a = args;
  int64_t panels = ceil_div(a->columns, PANEL_COLUMNS);
  int64_t blocks = ceil_div(a->channels, TILE_CHANNELS);
  int64_t out_height = places_along(a->height, a->padding, a->kernel_height, a->stride);
  int64_t out_width = places_along(a->width, a->padding, a->kernel_width, a->stride);
  int64_t tap = tile / (panels * blocks);
  gradient_tile t;
  t.args = a;
  t.ky = tap / a->kernel_width;
  t.kx = tap % a->kernel_width;
  t.channel = tile / panels % blocks * TILE_CHANNELS;
  t.channels = min64(TILE_CHANNELS, a->channels - t.channel);
  t.column = tile % panels * PANEL_COLUMNS;
  t.columns = min64(PANEL_COLUMNS, a->columns - t.column);
  t.vectors = (int)ceil_div(t.columns, VEC_WIDTH);
  t.from = ceil_div(max64(0, a->padding - t.kx), a->stride);
  /* The last pixel x with stride x + kx - padding < width. */
  int64_t reach = a->width + a->padding - t.kx;
  t.to = reach > 0 ? min64(out_width, ceil_div(reach, a->stride)) : 0;
  for (int64_t i = 0; i < PANEL_COLUMNS; i++) {
    t.ones[i] = 1.0f;
  }
  memset(t.sums, 0, sizeof t.sums);
  for (int64_t row = 0; row < a->batch * out_height; row++) {
    int64_t y = row % out_height * a->stride + t.ky - a->padding;
    if (y < 0 || y >= a->height) {
      continue;
    }
    const float *input = a->input + (row / out_height * a->height + y) * a->width * a->channels + t.channel;
    const float *gradient = a->out_gradient + row * out_width * a->columns + t.column;
    for (int64_t from = t.from; from < t.to; from += BLOCK_PIXELS) {
      int64_t x = from * a->stride + t.kx - a->padding;
      add_pixels(&t, input + x * a->channels, gradient + from * a->columns, min64(BLOCK_PIXELS, t.to - from));
    }
  }
  store(&t);
}
