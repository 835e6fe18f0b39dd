/* Depthwise causal convolution, bias and SiLU, both directions from one read. */
#include "tier.h"
#include "vec_math.h"

#define TILE_VECTORS 4
#define TILE_CHANNELS (TILE_VECTORS * VEC_WIDTH)
#define TILE_LENGTH 128

/* Rows are too far apart for the processor to foresee the next ones: they are prefetched so many steps ahead. */
#define ROWS_AHEAD 16

int64_t TIER_NAME(causal_conv_tiles)(const void *args) {
  const panamba_causal_conv_args *a = args;
  return a->batch * ceil_div(a->channels, TILE_CHANNELS) * ceil_div(a->length, TILE_LENGTH);
}

typedef struct {
  vec weight[PANAMBA_MAX_KERNEL];
  vec bias;
  void *out;
  int64_t place; /* of the next row in `out` */
} direction;

INLINE direction load_direction(const panamba_conv_direction *d, int64_t channels, int64_t channel, int64_t row,
                                const int kernel, const int lanes) {
  direction loaded = {.bias = vec_set(0.0f)};
  if (!d->out) {
    return loaded;
  }
  for (int k = 0; k < kernel; k++) {
    loaded.weight[k] = vec_load_lanes(d->weight + k * channels + channel, lanes);
  }
  if (d->bias) {
    loaded.bias = vec_load_lanes(d->bias + channel, lanes);
  }
  loaded.out = d->out;
  loaded.place = row * channels + channel;
  return loaded;
}

/* Rows [from, to) of one vector of channels. The window x[t - kernel + 1 .. t + kernel - 1] slides through registers.
 */
INLINE void conv_vector(const panamba_causal_conv_args *a, int64_t image, int64_t channel, int64_t from, int64_t to,
                        const int kernel, const int forward, const int backward, const int lanes, const int dtype) {
  const int64_t x = image * a->x_batch_stride + channel;
  direction f = load_direction(&a->forward, a->channels, channel, image * a->length + from, kernel, lanes);
  direction b = load_direction(&a->backward, a->channels, channel, image * a->length + from, kernel, lanes);
  const int before = forward ? kernel - 1 : 0;
  const int after = backward ? kernel - 1 : 0;
  const int64_t first = -a->rows_before;
  const int64_t last = a->length + a->rows_after;
  vec window[2 * PANAMBA_MAX_KERNEL - 1];
  for (int i = 0; i < before + after; i++) {
    int64_t t = from - before + i;
    window[i] = t >= first && t < last ? vec_load_as(dtype, a->x, x + t * a->x_row_stride, lanes) : vec_set(0.0f);
  }
  for (int64_t t = from; t < to; t++) {
    int64_t next = t + after;
    int64_t ahead = min64(next + ROWS_AHEAD, last - 1);
    __builtin_prefetch((const char *)a->x + (x + ahead * a->x_row_stride) * (dtype == PANAMBA_F32 ? 4 : 2));
    window[before + after] = next < last ? vec_load_as(dtype, a->x, x + next * a->x_row_stride, lanes) : vec_set(0.0f);
    if (forward) {
      vec sum = f.bias;
      for (int k = 0; k < kernel; k++) {
        sum = vec_fma(f.weight[k], window[k], sum);
      }
      vec_store_as(dtype, f.out, f.place, vec_silu(sum), lanes);
      f.place += a->channels;
    }
    if (backward) {
      vec sum = b.bias;
      for (int k = 0; k < kernel; k++) {
        sum = vec_fma(b.weight[k], window[before + kernel - 1 - k], sum);
      }
      vec_store_as(dtype, b.out, b.place, vec_silu(sum), lanes);
      b.place += a->channels;
    }
    for (int i = 0; i < before + after; i++) {
      window[i] = window[i + 1];
    }
  }
}

INLINE void conv_directions(const panamba_causal_conv_args *a, int64_t image, int64_t channel, int64_t from, int64_t to,
                            const int kernel, const int lanes, const int dtype) {
  if (a->forward.out && a->backward.out) {
    conv_vector(a, image, channel, from, to, kernel, 1, 1, lanes, dtype);
  } else if (a->forward.out) {
    conv_vector(a, image, channel, from, to, kernel, 1, 0, lanes, dtype);
  } else {
    conv_vector(a, image, channel, from, to, kernel, 0, 1, lanes, dtype);
  }
}

INLINE void conv_kernels(const panamba_causal_conv_args *a, int64_t image, int64_t channel, int64_t from, int64_t to,
                         const int lanes, const int dtype) {
  switch (a->kernel) {
    case 2: conv_directions(a, image, channel, from, to, 2, lanes, dtype); break;
    case 3: conv_directions(a, image, channel, from, to, 3, lanes, dtype); break;
    default: conv_directions(a, image, channel, from, to, 4, lanes, dtype); break;
  }
}

static void conv_partial(const panamba_causal_conv_args *a, int64_t image, int64_t channel, int64_t from, int64_t to,
                         int lanes) {
  conv_kernels(a, image, channel, from, to, lanes, a->dtype);
}

static void conv_f32(const panamba_causal_conv_args *a, int64_t image, int64_t channel, int64_t from, int64_t to) {
  conv_kernels(a, image, channel, from, to, VEC_WIDTH, PANAMBA_F32);
}

static void conv_bf16(const panamba_causal_conv_args *a, int64_t image, int64_t channel, int64_t from, int64_t to) {
  conv_kernels(a, image, channel, from, to, VEC_WIDTH, PANAMBA_BF16);
}

void TIER_NAME(causal_conv_tile)(const void *args, int64_t tile) {
  const panamba_causal_conv_args *a = args;
  int64_t blocks = ceil_div(a->channels, TILE_CHANNELS);
  int64_t chunks = ceil_div(a->length, TILE_LENGTH);
  int64_t image = tile / (blocks * chunks);
  int64_t channel = tile / chunks % blocks * TILE_CHANNELS;
  int64_t from = tile % chunks * TILE_LENGTH;
  int64_t to = min64(a->length, from + TILE_LENGTH);
  int64_t end = min64(a->channels, channel + TILE_CHANNELS);
  for (; channel + VEC_WIDTH <= end; channel += VEC_WIDTH) {
    if (a->dtype == PANAMBA_F32) {
      conv_f32(a, image, channel, from, to);
    } else {
      conv_bf16(a, image, channel, from, to);
    }
  }
  if (channel < end) {
    conv_partial(a, image, channel, from, to, (int)(end - channel));
  }
}
