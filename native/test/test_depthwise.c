/* Depthwise convolutions over a grid against plain loops in double precision. */
#include <math.h>

#include "gelu.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "relu.h"
#include "silu.h"

/* side^2 multiply-adds from the bias on and the gate's product, each of at most two roundings, relative to the sum of
 * the absolute terms. */
#define SUM_BOUND(side) ((double)((side) * (side) + 2) * 0x1p-24)

typedef enum { NO_GATE, GATE, GATE_IS_OUT } gating;

typedef struct {
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int32_t side;
  int biased;
  int flipped;
  gating gate;
  int32_t activation;
  int32_t dtype;
} depthwise_shape;

static const int32_t sides[] = {3, 5, 7};
static const int64_t gaps[] = {0, 0, 1, 5, 16};

static depthwise_shape draw_shape(int64_t height, int64_t width, int64_t channels) {
  return (depthwise_shape){.batch = 1 + draw(2),
                           .height = height,
                           .width = width,
                           .channels = channels,
                           .side = PICK(sides),
                           .biased = draw(2) == 0,
                           .flipped = draw(3) == 0,
                           .gate = (gating)draw(3),
                           .activation = draw(2) ? PANAMBA_ACTIVATION_NONE : (int32_t)draw(4),
                           .dtype = draw_dtype()};
}

static panamba_depthwise_args take_arguments(const depthwise_shape *s) {
  panamba_depthwise_args a = {.batch = s->batch,
                              .height = s->height,
                              .width = s->width,
                              .channels = s->channels,
                              .x_pixel_stride = s->channels + PICK(gaps),
                              .gate_pixel_stride = s->channels + PICK(gaps),
                              .out_pixel_stride = s->channels + PICK(gaps),
                              .side = s->side,
                              .dtype = s->dtype,
                              .activation = s->activation,
                              .flipped = s->flipped};
  int64_t pixels = s->batch * s->height * s->width;
  a.x = take_rows_of(s->dtype, pixels, s->channels, a.x_pixel_stride, -1, 1);
  a.weight = take_filled(s->side * s->side * s->channels, -1, 1);
  a.bias = s->biased ? take_filled(s->channels, -1, 1) : 0;
  a.out = take_output_of(s->dtype, (pixels - 1) * a.out_pixel_stride + s->channels);
  if (s->gate == GATE_IS_OUT) {
    a.gate = a.out;
    a.gate_pixel_stride = a.out_pixel_stride;
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
      fill_elements(a.out, s->dtype, pixel * a.out_pixel_stride, s->channels, -1, 1);
    }
  } else if (s->gate == GATE) {
    a.gate = take_rows_of(s->dtype, pixels, s->channels, a.gate_pixel_stride, -1, 1);
  }
  return a;
}

static void check_pixel(const panamba_depthwise_args *a, int64_t image, int64_t y, int64_t x, int64_t channel) {
  double sum = a->bias ? (double)a->bias[channel] : 0;
  double magnitude = fabs(sum);
  for (int64_t ky = 0; ky < a->side; ky++) {
    for (int64_t kx = 0; kx < a->side; kx++) {
      int64_t row = y + ky - a->side / 2;
      int64_t column = x + kx - a->side / 2;
      if (row >= 0 && row < a->height && column >= 0 && column < a->width) {
        int64_t tap = ky * a->side + kx;
        tap = a->flipped ? a->side * a->side - 1 - tap : tap;
        int64_t pixel = (image * a->height + row) * a->width + column;
        double term = (double)a->weight[tap * a->channels + channel] *
                      element(a->x, a->dtype, pixel * a->x_pixel_stride + channel);
        sum += term;
        magnitude += fabs(term);
      }
    }
  }
  double error = SUM_BOUND(a->side) * magnitude;
  if (a->activation == PANAMBA_ACTIVATION_SILU) {
    error = silu_error(sum, error);
    sum = silu(sum);
  } else if (a->activation == PANAMBA_ACTIVATION_GELU) {
    error = gelu_error(sum, error);
    sum = gelu(sum);
  } else if (a->activation == PANAMBA_ACTIVATION_RELU) {
    sum = relu(sum);
  }
  int64_t pixel = (image * a->height + y) * a->width + x;
  if (a->gate) {
    const void *gates = a->gate == a->out ? before_run(a->out) : a->gate;
    double gate = element(gates, a->dtype, pixel * a->gate_pixel_stride + channel);
    error = error * fabs(gate) + fabs(sum * gate) * 0x1p-24;
    sum *= gate;
  }
  check_element("out", a->out, a->dtype, pixel * a->out_pixel_stride + channel, sum, error);
}

static void depthwise_case(depthwise_shape s, placement where, int misalignment) {
  describe(
      "depthwise of %d of %d x %d x %d side %d bias %d flipped %d gate %d activation %d dtype %d, placed %d "
      "misaligned %d",
      (int)s.batch, (int)s.height, (int)s.width, (int)s.channels, s.side, s.biased, s.flipped, s.gate, s.activation,
      s.dtype, where, misalignment);
  begin_case(where, misalignment);
  panamba_depthwise_args a = take_arguments(&s);
  run_operation(PANAMBA_DEPTHWISE, &a);
  for (int64_t i = 0; i < s.batch * s.height * s.width; i++) {
    int64_t pixel = i % (s.height * s.width);
    for (int64_t channel = 0; channel < s.channels; channel++) {
      check_pixel(&a, i / (s.height * s.width), pixel / s.width, pixel % s.width, channel);
    }
  }
  check_gaps("the gap between pixels of out", a.out, s.dtype, s.batch * s.height * s.width, s.channels,
             a.out_pixel_stride);
  end_case();
}

/* Strips of every length, in grids smaller than the kernel and larger. */
static void sweep_grids(void) {
  static const int64_t channels[] = {1, 5, 16, 17, 33, 72};
  for (int64_t width = 1; width <= 33; width += THIN(1, 3)) {
    for (int64_t height = 1; height <= 9; height += THIN(2, 4)) {
      depthwise_case(draw_shape(height, width, PICK(channels)), (placement)draw(3), 0);
    }
  }
}

static void sweep_channels(void) {
  for (int64_t channels = 1; channels <= 70; channels++) {
    depthwise_case(draw_shape(1 + draw(4), 1 + draw(9), channels), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    depthwise_case(draw_shape(1 + draw(19), 1 + draw(9), channels), IN_SENTINELS, (int)draw(4));
  }
}

/* NaN in a channel of x stays in that channel, and reaches no further than the kernel. */
static void nan_stays_in_its_channel(void) {
  for (int64_t channel = 0; channel < 35; channel++) {
    depthwise_shape s = {.batch = 1, .height = 9, .width = 11, .channels = 35, .side = 5, .dtype = draw_dtype()};
    describe("depthwise with NaN in channel %d, dtype %d", (int)channel, s.dtype);
    begin_case(IN_SENTINELS, 0);
    panamba_depthwise_args a = take_arguments(&s);
    set_element((void *)a.x, s.dtype, (4 * 11 + 5) * a.x_pixel_stride + channel, NAN);
    run_operation(PANAMBA_DEPTHWISE, &a);
    for (int64_t i = 0; i < 9 * 11 * 35; i++) {
      int64_t y = i / 35 / 11;
      int64_t x = i / 35 % 11;
      int near = y >= 2 && y <= 6 && x >= 3 && x <= 7 && i % 35 == channel;
      CHECK((isnan(element(a.out, s.dtype, i / 35 * a.out_pixel_stride + i % 35)) != 0) == near, "row %d column %d",
            (int)y, (int)x);
    }
    end_case();
  }
}

#define DEPTHWISE(change) REFUSED(panamba_depthwise_args, PANAMBA_DEPTHWISE, a, change)
#define DEPTHWISE_SIZE(field) REFUSED_SIZE(panamba_depthwise_args, PANAMBA_DEPTHWISE, a, field)

static void refusals(void) {
  begin_refusals("depthwise");
  panamba_depthwise_args a = {.x = take_filled(24, -1, 1),
                              .weight = take_filled(9 * 4, -1, 1),
                              .gate = take_filled(24, -1, 1),
                              .out = take_output(24),
                              .batch = 1,
                              .height = 2,
                              .width = 3,
                              .channels = 4,
                              .x_pixel_stride = 4,
                              .gate_pixel_stride = 4,
                              .out_pixel_stride = 4,
                              .side = 3};
  run_operation(PANAMBA_DEPTHWISE, &a);
  DEPTHWISE(x = 0);
  DEPTHWISE(weight = 0);
  DEPTHWISE(out = 0);
  DEPTHWISE(out = (void *)a.x);
  DEPTHWISE_SIZE(batch);
  DEPTHWISE_SIZE(height);
  DEPTHWISE_SIZE(width);
  DEPTHWISE_SIZE(channels);
  DEPTHWISE_SIZE(x_pixel_stride);
  DEPTHWISE_SIZE(gate_pixel_stride);
  DEPTHWISE_SIZE(out_pixel_stride);
  DEPTHWISE(x_pixel_stride = 3);
  DEPTHWISE(gate_pixel_stride = 3);
  DEPTHWISE(out_pixel_stride = 3);
  DEPTHWISE(side = 1);
  DEPTHWISE(side = 4);
  DEPTHWISE(side = 9);
  DEPTHWISE(side = -3);
  DEPTHWISE(flipped = 2);
  DEPTHWISE(activation = 4);
  DEPTHWISE(activation = -1);
  REFUSED_DTYPE(panamba_depthwise_args, PANAMBA_DEPTHWISE, a, dtype);
  a.gate = a.out;
  DEPTHWISE(gate_pixel_stride = 5);
  end_case();
}

static void test(void) {
  seed(32);
  sweep_grids();
  sweep_channels();
  nan_stays_in_its_channel();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
