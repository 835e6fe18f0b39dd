/* The causal convolution in both directions against plain loops in double precision. */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "silu.h"

/* kernel multiply-adds from the bias on, each of at most two roundings, relative to the sum of the absolute terms. */
#define SUM_BOUND(kernel) ((double)((kernel) + 1) * 0x1p-24)

typedef enum { FORWARD = 1, BACKWARD = 2, BOTH = 3 } directions;

typedef struct {
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t row_gap; /* x is part of wider rows */
  int64_t batch_gap;
  int kernel;
  directions run;
  int biased;
  int32_t dtype;
} conv_shape;

static const int64_t row_gaps[] = {0, 1, 5, 16};

static conv_shape draw_shape(int64_t length, int64_t channels) {
  return (conv_shape){.batch = 1 + draw(3),
                      .length = length,
                      .channels = channels,
                      .row_gap = draw(4) ? PICK(row_gaps) : channels,
                      .batch_gap = draw(2) * 3,
                      .kernel = 2 + (int)draw(3),
                      .run = (directions)(1 + draw(3)),
                      .biased = draw(2) == 0,
                      .dtype = draw_dtype()};
}

static void take_direction(panamba_conv_direction *d, const conv_shape *s, double scale) {
  d->weight = take_filled(s->kernel * s->channels, -scale, scale);
  d->bias = s->biased ? take_filled(s->channels, -1, 1) : 0;
  d->out = take_output_of(s->dtype, s->batch * s->length * s->channels);
}

static panamba_causal_conv_args take_arguments(const conv_shape *s, double scale) {
  int64_t row_stride = s->channels + s->row_gap;
  int64_t batch_stride = s->length * row_stride + s->batch_gap;
  panamba_causal_conv_args args = {.batch = s->batch,
                                   .length = s->length,
                                   .channels = s->channels,
                                   .x_row_stride = row_stride,
                                   .x_batch_stride = batch_stride,
                                   .kernel = s->kernel,
                                   .dtype = s->dtype};
  void *x = take_input_of(s->dtype, (s->batch - 1) * batch_stride + (s->length - 1) * row_stride + s->channels);
  for (int64_t row = 0; row < s->batch * s->length; row++) {
    int64_t place = row / s->length * batch_stride + row % s->length * row_stride;
    fill_elements(x, s->dtype, place, s->channels, -scale, scale);
  }
  args.x = x;
  if (s->run & FORWARD) {
    take_direction(&args.forward, s, scale);
  }
  if (s->run & BACKWARD) {
    take_direction(&args.backward, s, scale);
  }
  return args;
}

/* `step` is -1 where the convolution reaches back, and 1 where it reaches forward. */
static void check_sum(const panamba_causal_conv_args *args, const panamba_conv_direction *d, int step, int64_t image,
                      int64_t t, int64_t channel) {
  int64_t x = image * args->x_batch_stride + channel;
  double sum = d->bias ? (double)d->bias[channel] : 0;
  double magnitude = fabs(sum);
  for (int k = 0; k < args->kernel; k++) {
    int64_t at = t + step * (args->kernel - 1 - k);
    if (at >= 0 && at < args->length) {
      double term =
          (double)d->weight[k * args->channels + channel] * element(args->x, args->dtype, x + at * args->x_row_stride);
      sum += term;
      magnitude += fabs(term);
    }
  }
  int64_t place = (image * args->length + t) * args->channels + channel;
  check_element(step < 0 ? "forward" : "backward", d->out, args->dtype, place, silu(sum),
                silu_error(sum, SUM_BOUND(args->kernel) * magnitude));
}

static void check_conv(const panamba_causal_conv_args *args) {
  for (int64_t i = 0; i < args->batch * args->length * args->channels; i++) {
    int64_t image = i / args->channels / args->length;
    int64_t t = i / args->channels % args->length;
    if (args->forward.out) {
      check_sum(args, &args->forward, -1, image, t, i % args->channels);
    }
    if (args->backward.out) {
      check_sum(args, &args->backward, 1, image, t, i % args->channels);
    }
  }
}

static void conv_case(conv_shape s, double scale, placement where, int misalignment) {
  describe(
      "conv batch %d length %d channels %d gaps %d and %d kernel %d directions %d bias %d dtype %d scale %g, placed "
      "%d misaligned %d",
      (int)s.batch, (int)s.length, (int)s.channels, (int)s.row_gap, (int)s.batch_gap, s.kernel, s.run, s.biased,
      s.dtype, scale, where, misalignment);
  begin_case(where, misalignment);
  panamba_causal_conv_args args = take_arguments(&s, scale);
  run_operation(PANAMBA_CAUSAL_CONV, &args);
  check_conv(&args);
  end_case();
}

static void sweep_shapes(void) {
  static const int64_t lengths[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 65, 127, 128, 129, 197, 257, 730};
  static const int64_t channels[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 24, 31, 32, 33, 37, 48, 63, 64, 65, 100, 384};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (size_t c = 0; c < COUNT(channels); c++) {
      for (int repeat = 0; repeat < (lengths[l] * channels[c] > 10000 ? 1 : THIN(3, 1)); repeat++) {
        conv_case(draw_shape(lengths[l], channels[c]), 1, IN_SENTINELS, (int)draw(4));
      }
    }
  }
}

static void sweep_guards(void) {
  for (int64_t channels = 1; channels <= 70; channels++) {
    for (int64_t length = 1; length <= 6; length++) {
      conv_case(draw_shape(length, channels), 1, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
}

/* Sums far out on both sides of SiLU. */
static void extreme_values(void) {
  static const double scales[] = {3, 10, 100, 1e10};
  for (size_t i = 0; i < COUNT(scales); i++) {
    for (int repeat = 0; repeat < 10; repeat++) {
      conv_case(draw_shape(33, 37), scales[i], IN_SENTINELS, 0);
    }
  }
}

/*
 * Rows [from, to) run as a piece have the bits of the whole, whether they are told of all the rows around them or of no
 * more than they need.
 */
static void check_piece(const panamba_causal_conv_args *whole, int64_t from, int64_t to, void *forward, void *backward,
                        int all) {
  panamba_causal_conv_args piece = *whole;
  int64_t reach = whole->kernel - 1;
  int32_t dtype = whole->dtype;
  piece.x = place_of(whole->x, dtype, from * whole->x_row_stride);
  piece.length = to - from;
  piece.rows_before = all || from < reach ? from : reach;
  piece.rows_after = all || whole->length - to < reach ? whole->length - to : reach;
  piece.forward.out = whole->forward.out ? forward : 0;
  piece.backward.out = whole->backward.out ? backward : 0;
  run_operation(PANAMBA_CAUSAL_CONV, &piece);
  int64_t count = piece.length * whole->channels;
  for (int64_t image = 0; image < whole->batch; image++) {
    int64_t place = (image * whole->length + from) * whole->channels;
    if (whole->forward.out) {
      check_same_elements("forward piece", dtype, place_of(forward, dtype, image * count),
                          place_of(whole->forward.out, dtype, place), count);
    }
    if (whole->backward.out) {
      check_same_elements("backward piece", dtype, place_of(backward, dtype, image * count),
                          place_of(whole->backward.out, dtype, place), count);
    }
  }
}

static void pieces_have_the_bits_of_the_whole(void) {
  static const int64_t lengths[] = {1, 2, 3, 5, 9, 17, 130, 260};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (int kernel = 2; kernel <= PANAMBA_MAX_KERNEL; kernel++) {
      conv_shape s = draw_shape(lengths[l], 1 + draw(40));
      s.kernel = kernel;
      begin_case(draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
      panamba_causal_conv_args args = take_arguments(&s, 1);
      void *forward = take_output_of(s.dtype, s.batch * s.length * s.channels);
      void *backward = take_output_of(s.dtype, s.batch * s.length * s.channels);
      run_operation(PANAMBA_CAUSAL_CONV, &args);
      int64_t last_from = s.length < 20 ? s.length : 3;
      for (int64_t from = 0; from < last_from; from++) {
        for (int64_t to = from + 1; to <= s.length; to += s.length < 20 ? 1 : 1 + draw(40)) {
          describe("conv length %d channels %d kernel %d directions %d dtype %d, rows %d to %d alone", (int)s.length,
                   (int)s.channels, kernel, s.run, s.dtype, (int)from, (int)to);
          check_piece(&args, from, to, forward, backward, (int)draw(2));
        }
      }
      end_case();
    }
  }
}

/* One direction alone has the bits that it has beside the other, and an image those that it has alone. */
static void directions_and_images_are_independent(void) {
  for (int repeat = 0; repeat < 20; repeat++) {
    conv_shape s = draw_shape(1 + draw(140), 1 + draw(70));
    s.batch = 3;
    s.run = BOTH;
    describe("conv length %d channels %d kernel %d dtype %d, each image and direction alone", (int)s.length,
             (int)s.channels, s.kernel, s.dtype);
    begin_case(IN_SENTINELS, 1);
    panamba_causal_conv_args args = take_arguments(&s, 1);
    int64_t count = s.length * s.channels;
    void *alone = take_output_of(s.dtype, count);
    run_operation(PANAMBA_CAUSAL_CONV, &args);
    for (int64_t image = 0; image < s.batch; image++) {
      panamba_causal_conv_args one = args;
      one.batch = 1;
      one.x = place_of(args.x, s.dtype, image * args.x_batch_stride);
      one.forward.out = alone;
      one.backward.out = 0;
      run_operation(PANAMBA_CAUSAL_CONV, &one);
      check_same_elements("forward image", s.dtype, place_of(args.forward.out, s.dtype, image * count), alone, count);
      one.forward.out = 0;
      one.backward.out = alone;
      run_operation(PANAMBA_CAUSAL_CONV, &one);
      check_same_elements("backward image", s.dtype, place_of(args.backward.out, s.dtype, image * count), alone, count);
    }
    end_case();
  }
}

/* NaN in a channel of x stays in that channel, and reaches no further than the kernel. */
static void nan_stays_in_its_channel(void) {
  for (int64_t i = 0; i < 70; i++) {
    conv_shape s = {.batch = 1, .length = 12, .channels = 35, .kernel = 3, .run = BOTH, .biased = 1};
    s.dtype = i % 2 ? PANAMBA_BF16 : PANAMBA_F32;
    int64_t channel = i / 2;
    describe("conv with NaN in channel %d, dtype %d", (int)channel, s.dtype);
    begin_case(IN_SENTINELS, 0);
    panamba_causal_conv_args args = take_arguments(&s, 1);
    const int64_t at = 6;
    set_element((void *)args.x, s.dtype, at * args.x_row_stride + channel, NAN);
    run_operation(PANAMBA_CAUSAL_CONV, &args);
    for (int64_t place = 0; place < s.length * s.channels; place++) {
      int64_t t = place / s.channels;
      int mine = place % s.channels == channel;
      int forward = isnan(element(args.forward.out, s.dtype, place)) != 0;
      int backward = isnan(element(args.backward.out, s.dtype, place)) != 0;
      CHECK(forward == (mine && t >= at && t < at + s.kernel), "forward row %d channel %d", (int)t,
            (int)(place % s.channels));
      CHECK(backward == (mine && t <= at && t > at - s.kernel), "backward row %d channel %d", (int)t,
            (int)(place % s.channels));
    }
    end_case();
  }
}

#define CONV(change) REFUSED(panamba_causal_conv_args, PANAMBA_CAUSAL_CONV, a, change)
#define CONV_SIZE(field) REFUSED_SIZE(panamba_causal_conv_args, PANAMBA_CAUSAL_CONV, a, field)

static void refusals(void) {
  begin_refusals("causal_conv");
  panamba_causal_conv_args a = {.x = take_filled(24, -1, 1),
                                .forward = {take_filled(16, -1, 1), 0, take_output(24)},
                                .backward = {take_filled(16, -1, 1), 0, take_output(24)},
                                .batch = 2,
                                .length = 3,
                                .channels = 4,
                                .x_row_stride = 4,
                                .x_batch_stride = 12,
                                .kernel = 4};
  run_operation(PANAMBA_CAUSAL_CONV, &a);
  CONV(x = 0);
  CONV(forward.weight = 0);
  CONV(backward.weight = 0);
  CONV(forward.out = (void *)a.x);
  CONV(backward.out = (void *)a.x);
  CONV(backward.out = a.forward.out);
  CONV_SIZE(batch);
  CONV_SIZE(length);
  CONV_SIZE(channels);
  CONV(x_row_stride = 3);
  CONV(x_row_stride = INT64_MIN);
  CONV(x_row_stride = INT64_MAX);
  CONV(x_batch_stride = -12);
  CONV(x_batch_stride = INT64_MAX);
  CONV(rows_before = -1);
  CONV(rows_before = INT64_MAX);
  CONV(rows_after = -1);
  CONV(rows_after = INT64_MAX);
  CONV(kernel = 1);
  CONV(kernel = 0);
  CONV(kernel = -4);
  CONV(kernel = PANAMBA_MAX_KERNEL + 1);
  REFUSED_DTYPE(panamba_causal_conv_args, PANAMBA_CAUSAL_CONV, a, dtype);
  a.forward.out = 0;
  CONV(backward.out = 0);
  end_case();
}

static void test(void) {
  seed(6);
  sweep_shapes();
  sweep_guards();
  extreme_values();
  pieces_have_the_bits_of_the_whole();
  directions_and_images_are_independent();
  nan_stays_in_its_channel();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
