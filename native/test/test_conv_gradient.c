/* The gradient of the causal convolution against one in double precision, and that against differences. */
#include <math.h>
#include <string.h>

#include "difference.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "silu.h"

/*
 * Relative to the sum of absolute terms: five multiply-adds before SiLU, whose error its slope hands on, an exponential
 * and a division, and sums over as many rows as there are, whose roundings grow with the root of their number.
 */
#define CONV_GRADIENT_BOUND 3e-6

#define LONGEST 256

typedef struct {
  int64_t batch;
  int64_t length;
  int64_t channels;
  int kernel;
  int directions; /* 1 forward, 2 backward, 3 both */
  int biased;
} conv_shape;

static panamba_conv_gradient_direction take_direction(const conv_shape *s) {
  return (panamba_conv_gradient_direction){.weight = take_filled(s->kernel * s->channels, -1, 1),
                                           .bias = s->biased ? take_filled(s->channels, -1, 1) : 0,
                                           .out_gradient = take_filled(s->batch * s->length * s->channels, -1, 1),
                                           .parameter_parts = take_output(s->batch * (s->kernel + 1) * s->channels)};
}

static panamba_conv_gradient_args take_arguments(const conv_shape *s) {
  int64_t rows = s->batch * s->length;
  panamba_conv_gradient_args a = {.batch = s->batch,
                                  .length = s->length,
                                  .channels = s->channels,
                                  .x_row_stride = s->channels + draw(3),
                                  .x_gradient_row_stride = s->channels + draw(3),
                                  .kernel = s->kernel};
  a.x = take_rows(rows, s->channels, a.x_row_stride, -3, 3);
  a.x_gradient = take_output((rows - 1) * a.x_gradient_row_stride + s->channels);
  if (s->directions & 1) {
    a.forward = take_direction(s);
  }
  if (s->directions & 2) {
    a.backward = take_direction(s);
  }
  return a;
}

/* The row that tap k of row t reads, or -1. */
static int64_t source_row(const panamba_conv_gradient_args *a, int backward, int64_t t, int k) {
  int64_t back = a->kernel - 1 - k;
  int64_t row = backward ? t + back : t - back;
  return row >= 0 && row < a->length ? row : -1;
}

static double value_at(const panamba_conv_gradient_args *a, int64_t image, int64_t row, int64_t channel) {
  return (double)a->x[(image * a->length + row) * a->x_row_stride + channel];
}

/* What SiLU is applied to, and the sum of absolute terms. */
static double before_silu(const panamba_conv_gradient_args *a, const panamba_conv_gradient_direction *d, int backward,
                          int64_t image, int64_t t, int64_t channel, double *size) {
  double sum = d->bias ? (double)d->bias[channel] : 0;
  *size = fabs(sum);
  for (int k = 0; k < a->kernel; k++) {
    int64_t row = source_row(a, backward, t, k);
    double term = row < 0 ? 0 : value_at(a, image, row, channel) * (double)d->weight[k * a->channels + channel];
    sum += term;
    *size += fabs(term);
  }
  return sum;
}

/* One channel of one image in one direction; adds to x_gradient and its sizes. */
static void check_channel(const panamba_conv_gradient_args *a, const panamba_conv_gradient_direction *d, int backward,
                          int64_t image, int64_t channel, double *x_gradient, double *sizes) {
  double parameters[PANAMBA_MAX_KERNEL + 1] = {0};
  double parameter_sizes[PANAMBA_MAX_KERNEL + 1] = {0};
  for (int64_t t = 0; t < a->length; t++) {
    double size;
    double v = before_silu(a, d, backward, image, t, channel, &size);
    double sigmoid = 1 / (1 + exp(-v));
    double out_gradient = (double)d->out_gradient[(image * a->length + t) * a->channels + channel];
    double gradient = out_gradient * sigmoid * (1 + v * (1 - sigmoid));
    double gradient_size = fabs(out_gradient) * (sigmoid * (1 + fabs(v)) + size * 0.5);
    for (int k = 0; k < a->kernel; k++) {
      int64_t row = source_row(a, backward, t, k);
      double weight = (double)d->weight[k * a->channels + channel];
      if (row >= 0) {
        x_gradient[row] += gradient * weight;
        sizes[row] += gradient_size * fabs(weight);
        parameters[k] += gradient * value_at(a, image, row, channel);
        parameter_sizes[k] += gradient_size * fabs(value_at(a, image, row, channel));
      }
    }
    parameters[a->kernel] += gradient;
    parameter_sizes[a->kernel] += gradient_size;
  }
  for (int k = 0; k <= a->kernel; k++) {
    int64_t place = (image * (a->kernel + 1) + k) * a->channels + channel;
    check_close(k < a->kernel ? "weight" : "bias", place, (double)d->parameter_parts[place], parameters[k],
                CONV_GRADIENT_BOUND * parameter_sizes[k]);
  }
}

static void check_gradient(const panamba_conv_gradient_args *a) {
  for (int64_t place = 0; place < a->batch * a->channels; place++) {
    int64_t image = place / a->channels;
    int64_t channel = place % a->channels;
    double x_gradient[LONGEST] = {0};
    double sizes[LONGEST] = {0};
    if (a->forward.out_gradient) {
      check_channel(a, &a->forward, 0, image, channel, x_gradient, sizes);
    }
    if (a->backward.out_gradient) {
      check_channel(a, &a->backward, 1, image, channel, x_gradient, sizes);
    }
    for (int64_t t = 0; t < a->length; t++) {
      int64_t row = (image * a->length + t) * a->x_gradient_row_stride + channel;
      check_close("x_gradient", row, (double)a->x_gradient[row], x_gradient[t], CONV_GRADIENT_BOUND * sizes[t]);
    }
  }
  check_gaps("the gap between rows of x_gradient", a->x_gradient, PANAMBA_F32, a->batch * a->length, a->channels,
             a->x_gradient_row_stride);
}

static void conv_case(conv_shape s, placement where, int misalignment) {
  describe("conv gradient batch %d length %d channels %d kernel %d directions %d bias %d, placed %d misaligned %d",
           (int)s.batch, (int)s.length, (int)s.channels, s.kernel, s.directions, s.biased, where, misalignment);
  begin_case(where, misalignment);
  panamba_conv_gradient_args a = take_arguments(&s);
  run_operation(PANAMBA_CONV_GRADIENT, &a);
  check_gradient(&a);
  end_case();
}

static conv_shape draw_shape(int64_t length, int64_t channels) {
  return (conv_shape){.batch = 1 + draw(3),
                      .length = length,
                      .channels = channels,
                      .kernel = 2 + (int)draw(3),
                      .directions = 1 + (int)draw(3),
                      .biased = draw(3) != 0};
}

static double loss_of(const void *args) {
  const panamba_conv_gradient_args *a = args;
  double loss = 0;
  for (int64_t i = 0; i < a->batch * a->length * a->channels; i++) {
    int64_t row = i / a->channels;
    double size;
    for (int backward = 0; backward < 2; backward++) {
      const panamba_conv_gradient_direction *d = backward ? &a->backward : &a->forward;
      if (d->out_gradient) {
        double v = before_silu(a, d, backward, row / a->length, row % a->length, i % a->channels, &size);
        loss += silu(v) * (double)d->out_gradient[i];
      }
    }
  }
  return loss;
}

static double parts_sum(const panamba_conv_gradient_args *a, const float *parts, int64_t place) {
  double sum = 0;
  for (int64_t image = 0; image < a->batch; image++) {
    sum += (double)parts[image * (a->kernel + 1) * a->channels + place];
  }
  return sum;
}

static void differences(void) {
  static const int64_t lengths[] = {1, 2, 3, 15, 70};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    conv_shape s = draw_shape(lengths[l], 1 + draw(20));
    s.directions = 3;
    s.biased = 1;
    describe("differences of a convolution of length %d", (int)s.length);
    begin_case(IN_SENTINELS, 0);
    panamba_conv_gradient_args a = take_arguments(&s);
    run_operation(PANAMBA_CONV_GRADIENT, &a);
    for (int repeat = 0; repeat < 10; repeat++) {
      int64_t row = draw(s.batch * s.length);
      int64_t c = draw(s.channels);
      int64_t k = draw(s.kernel);
      check_difference("x", loss_of, &a, a.x + row * a.x_row_stride + c, 1,
                       (double)a.x_gradient[row * a.x_gradient_row_stride + c]);
      const panamba_conv_gradient_direction *d = draw(2) ? &a.forward : &a.backward;
      check_difference("weight", loss_of, &a, d->weight + k * s.channels + c, 1,
                       parts_sum(&a, d->parameter_parts, k * s.channels + c));
      check_difference("bias", loss_of, &a, d->bias + c, 1,
                       parts_sum(&a, d->parameter_parts, s.kernel * s.channels + c));
    }
    end_case();
  }
}

#define CONV(change) REFUSED(panamba_conv_gradient_args, PANAMBA_CONV_GRADIENT, a, change)
#define CONV_SIZE(field) REFUSED_SIZE(panamba_conv_gradient_args, PANAMBA_CONV_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("conv_gradient");
  panamba_conv_gradient_args a = {
      .x = take_filled(24, -1, 1),
      .x_gradient = take_output(24),
      .forward = {take_filled(16, -1, 1), 0, take_filled(24, -1, 1), take_output(40)},
      .backward = {take_filled(16, -1, 1), 0, take_filled(24, -1, 1), take_output(40)},
      .batch = 2,
      .length = 3,
      .channels = 4,
      .x_row_stride = 4,
      .x_gradient_row_stride = 4,
      .kernel = 4,
  };
  run_operation(PANAMBA_CONV_GRADIENT, &a);
  CONV(x = 0);
  CONV(x_gradient = 0);
  CONV(x_gradient = (float *)a.x);
  CONV(x_gradient = (float *)a.forward.out_gradient);
  CONV(x_gradient = (float *)a.backward.out_gradient);
  CONV(forward.weight = 0);
  CONV(forward.parameter_parts = 0);
  CONV(backward.weight = 0);
  CONV(backward.parameter_parts = 0);
  CONV_SIZE(batch);
  CONV_SIZE(length);
  CONV_SIZE(channels);
  CONV(x_row_stride = 3);
  CONV(x_row_stride = INT64_MAX);
  CONV(x_gradient_row_stride = 3);
  CONV(x_gradient_row_stride = INT64_MAX);
  CONV(kernel = 1);
  CONV(kernel = PANAMBA_MAX_KERNEL + 1);
  CONV(reserved = 1);
  a.forward.out_gradient = 0;
  CONV(backward.out_gradient = 0);
  end_case();
}

static void test(void) {
  static const int64_t lengths[] = {1, 2, 3, 4, 15, 16, 17, 63, 64, 65, 66, 67, 128, 131, 197};
  static const int64_t channels[] = {1, 3, 7, 8, 15, 16, 17, 33, 64, 65, 100};
  seed(21);
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (size_t c = 0; c < COUNT(channels); c++) {
      conv_case(draw_shape(lengths[l], channels[c]), IN_SENTINELS, (int)draw(4));
    }
  }
  for (int64_t c = 1; c <= 70; c += 1 + draw(THIN(2, 8))) {
    conv_case(draw_shape(1 + draw(70), c), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  differences();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
