#include <string.h>

#include "reference.h"
#include "support.h"

/* Of the sum of magnitudes: five roundings of the sum, and the relative 4e-7 of SiLU. */
#define BOUND 8e-7

static panamba_conv_direction direction(int64_t batch, int64_t length, int64_t channels, int kernel, int bias) {
  panamba_conv_direction d = {random_floats(kernel * channels, 1), bias ? random_floats(channels, 1) : 0,
                              new_floats(batch * length * channels)};
  return d;
}

static void check_direction(const panamba_causal_conv_args *a, const panamba_conv_direction *d, int backward) {
  int64_t count = a->batch * a->length * a->channels;
  double *expected = new_doubles(count);
  double *scale = new_doubles(count);
  reference_conv(a, d, backward, expected, scale);
  run_same_bits(PANAMBA_CAUSAL_CONV, a, d->out, count);
  compare(backward ? "backward" : "forward", d->out, expected, scale, count, BOUND);
}

/* The piece [from, from + length) of the only image, its neighbours read as context, has the bits of the whole. */
static void check_piece(const panamba_causal_conv_args *whole, int64_t from, int64_t length) {
  panamba_causal_conv_args piece = *whole;
  piece.x = (const float *)whole->x + from * whole->x_row_stride;
  piece.length = length;
  piece.rows_before = whole->rows_before + from;
  piece.rows_after = whole->rows_after + whole->length - from - length;
  float *forward = new_floats(length * whole->channels);
  float *backward = new_floats(length * whole->channels);
  piece.forward.out = whole->forward.out ? forward : 0;
  piece.backward.out = whole->backward.out ? backward : 0;
  run_steps(&(panamba_step){&piece, PANAMBA_CAUSAL_CONV, 0}, 1);
  if (whole->forward.out) {
    compare_bits("forward piece", forward, (float *)whole->forward.out + from * whole->channels,
                 length * whole->channels);
  }
  if (whole->backward.out) {
    compare_bits("backward piece", backward, (float *)whole->backward.out + from * whole->channels,
                 length * whole->channels);
  }
}

static void check(int64_t batch, int64_t length, int64_t channels, int kernel, int directions, int64_t gap) {
  int64_t context = batch == 1 ? length % 3 : 0;
  int64_t stride = channels + gap;
  panamba_causal_conv_args a = {
      .batch = batch,
      .length = length,
      .channels = channels,
      .x_row_stride = stride,
      .x_batch_stride = length * stride,
      .rows_before = context,
      .rows_after = context,
      .kernel = kernel,
  };
  a.x = random_floats((batch * length + 2 * context - 1) * stride + channels, 2) + context * stride;
  if (directions & 1) {
    a.forward = direction(batch, length, channels, kernel, 1);
  }
  if (directions & 2) {
    a.backward = direction(batch, length, channels, kernel, (int)length & 1);
  }
  if (directions & 1) {
    check_direction(&a, &a.forward, 0);
  }
  if (directions & 2) {
    check_direction(&a, &a.backward, 1);
  }
  if (batch == 1) {
    for (int64_t from = 0; from < length; from += 1 + length / 5) {
      check_piece(&a, from, 1 + (length - from - 1) / 2);
    }
  }
  release_buffers();
}

static void test(void) {
  static const int64_t channels[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 37, 63, 64, 65, 100};
  static const int64_t lengths[] = {1, 2, 3, 4, 5, 7, 15, 16, 17, 33};
  for (int kernel = 2; kernel <= PANAMBA_MAX_KERNEL; kernel++) {
    for (int i = 0; i < COUNT(channels); i++) {
      for (int directions = 1; directions <= 3; directions++) {
        int64_t length = pick(lengths, COUNT(lengths));
        check(1, length, channels[i], kernel, directions, i % 3);
        check(3, length, channels[i], kernel, directions, channels[i]);
      }
    }
  }
  check(1, 197, 384, 4, 3, 384);
  check(2, 257, 40, 3, 3, 0);
}

int main(void) {
  on_every_tier(test);
  return 0;
}
