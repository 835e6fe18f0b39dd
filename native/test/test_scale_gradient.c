/* The gradient of rows scaled by channel and by image against one in double precision, and that against differences. */
#include <math.h>

#include "difference.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Of the gradient of x: two products, each rounded once. */
#define SCALE_BOUND 0x1p-23

/* Of a part, relative to the sum of absolute terms: a product and as many additions as a part has rows. */
#define PART_BOUND ((PANAMBA_SCALE_PART_ROWS + 1) * 0x1p-24)

/* A product is zero where it is no normal number, and so is the one before it. */
#define PRODUCT_FLOOR 0x1p-124

static double image_scale(const panamba_scale_gradient_args *a, int64_t row) {
  return a->image_scale ? (double)a->image_scale[row / a->length] : 1;
}

static void check_row(const panamba_scale_gradient_args *a, const float *out_gradient, int64_t row) {
  for (int64_t i = 0; i < a->channels; i++) {
    double channel = a->channel_scale ? (double)a->channel_scale[i] : 1;
    double wanted = channel * image_scale(a, row) * (double)out_gradient[row * a->out_gradient_row_stride + i];
    int64_t place = row * a->x_gradient_row_stride + i;
    check_close("x_gradient", place, (double)a->x_gradient[place], wanted, SCALE_BOUND * fabs(wanted) + PRODUCT_FLOOR);
  }
}

static void check_part(const panamba_scale_gradient_args *a, const float *out_gradient, int64_t part) {
  int64_t rows = a->batch * a->length;
  for (int64_t i = 0; i < a->channels; i++) {
    double sum = 0, size = 0;
    for (int64_t row = part * PANAMBA_SCALE_PART_ROWS; row < rows && row < (part + 1) * PANAMBA_SCALE_PART_ROWS;
         row++) {
      double term = image_scale(a, row) * (double)a->x[row * a->x_row_stride + i] *
                    (double)out_gradient[row * a->out_gradient_row_stride + i];
      sum += term;
      size += fabs(term);
    }
    int64_t place = part * a->channels + i;
    check_close("channel", place, (double)a->parameter_parts[place], sum, PART_BOUND * size + PRODUCT_FLOOR);
  }
}

static panamba_scale_gradient_args take_arguments(int64_t batch, int64_t length, int64_t channels, int which,
                                                  int in_place) {
  int64_t rows = batch * length;
  panamba_scale_gradient_args a = {.batch = batch,
                                   .length = length,
                                   .channels = channels,
                                   .x_row_stride = which & 1 ? channels + draw(3) : 0,
                                   .out_gradient_row_stride = channels + draw(3)};
  a.x_gradient_row_stride = in_place ? a.out_gradient_row_stride : channels + draw(3);
  a.image_scale = which & 2 ? take_filled(batch, 0, 2) : 0;
  if (which & 1) {
    a.x = take_rows(rows, channels, a.x_row_stride, -2, 2);
    a.channel_scale = take_filled(channels, -2, 2);
    a.parameter_parts = take_output((rows + PANAMBA_SCALE_PART_ROWS - 1) / PANAMBA_SCALE_PART_ROWS * channels);
  }
  a.x_gradient = take_output((rows - 1) * a.x_gradient_row_stride + channels);
  a.out_gradient = in_place ? a.x_gradient : take_rows(rows, channels, a.out_gradient_row_stride, -2, 2);
  for (int64_t row = 0; in_place && row < rows; row++) {
    fill(a.x_gradient + row * a.x_gradient_row_stride, channels, -2, 2);
  }
  return a;
}

static void gradient_case(int64_t length, int64_t channels, placement where, int misalignment) {
  begin_case(where, misalignment);
  int which = 1 + (int)draw(3);
  int in_place = draw(2) == 0;
  panamba_scale_gradient_args a = take_arguments(1 + draw(4), length, channels, which, in_place);
  describe("scale gradient of (%d, %d, %d) by %d in place %d, placed %d misaligned %d", (int)a.batch, (int)length,
           (int)channels, which, in_place, where, misalignment);
  run_operation(PANAMBA_SCALE_GRADIENT, &a);
  const float *out_gradient = in_place ? before_run(a.x_gradient) : a.out_gradient;
  int64_t rows = a.batch * length;
  for (int64_t row = 0; row < rows; row++) {
    check_row(&a, out_gradient, row);
  }
  for (int64_t part = 0; a.parameter_parts && part * PANAMBA_SCALE_PART_ROWS < rows; part++) {
    check_part(&a, out_gradient, part);
  }
  check_gaps("the gap between rows of x_gradient", a.x_gradient, PANAMBA_F32, rows, channels, a.x_gradient_row_stride);
  end_case();
}

static double loss_of(const void *args) {
  const panamba_scale_gradient_args *a = args;
  double loss = 0;
  for (int64_t row = 0; row < a->batch * a->length; row++) {
    for (int64_t i = 0; i < a->channels; i++) {
      loss += image_scale(a, row) * (double)a->channel_scale[i] * (double)a->x[row * a->x_row_stride + i] *
              (double)a->out_gradient[row * a->out_gradient_row_stride + i];
    }
  }
  return loss;
}

static void differences(void) {
  for (int repeat = 0; repeat < THIN(30, 5); repeat++) {
    int64_t channels = 1 + draw(40);
    int64_t length = 1 + draw(10);
    describe("differences of a scale of length %d channels %d", (int)length, (int)channels);
    begin_case(IN_SENTINELS, 0);
    panamba_scale_gradient_args a = take_arguments(1 + draw(3), length, channels, 3, 0);
    run_operation(PANAMBA_SCALE_GRADIENT, &a);
    int64_t row = draw(a.batch * length);
    int64_t i = draw(channels);
    check_difference("x", loss_of, &a, a.x + row * a.x_row_stride + i, 1,
                     (double)a.x_gradient[row * a.x_gradient_row_stride + i]);
    check_difference("channel_scale", loss_of, &a, a.channel_scale + i, 1, (double)a.parameter_parts[i]);
    end_case();
  }
}

#define GRADIENT(change) REFUSED(panamba_scale_gradient_args, PANAMBA_SCALE_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_scale_gradient_args, PANAMBA_SCALE_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("scale_gradient");
  panamba_scale_gradient_args a = {.image_scale = take_filled(2, -1, 1),
                                   .out_gradient = take_filled(12, -1, 1),
                                   .x_gradient = take_output(12),
                                   .batch = 2,
                                   .length = 2,
                                   .channels = 3,
                                   .x_row_stride = 3,
                                   .out_gradient_row_stride = 3,
                                   .x_gradient_row_stride = 3};
  run_operation(PANAMBA_SCALE_GRADIENT, &a);
  GRADIENT(image_scale = 0);
  GRADIENT(x = a.out_gradient);
  GRADIENT(channel_scale = a.out_gradient);
  GRADIENT(parameter_parts = take_output(3));
  a.x = take_filled(12, -1, 1);
  a.channel_scale = take_filled(3, -1, 1);
  a.parameter_parts = take_output(3);
  run_operation(PANAMBA_SCALE_GRADIENT, &a);
  GRADIENT(x = 0);
  GRADIENT(channel_scale = 0);
  GRADIENT(out_gradient = 0);
  GRADIENT(x_gradient = 0);
  GRADIENT(x_gradient = (float *)a.x);
  GRADIENT(x_gradient = (float *)a.channel_scale);
  GRADIENT(x_gradient = (float *)a.image_scale);
  GRADIENT(parameter_parts = 0);
  GRADIENT(parameter_parts = a.x_gradient);
  GRADIENT(parameter_parts = (float *)a.out_gradient);
  GRADIENT(parameter_parts = (float *)a.x);
  GRADIENT(parameter_parts = (float *)a.channel_scale);
  GRADIENT(parameter_parts = (float *)a.image_scale);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(length);
  GRADIENT_SIZE(channels);
  GRADIENT(x_row_stride = 2);
  GRADIENT(x_row_stride = INT64_MAX);
  GRADIENT(out_gradient_row_stride = 2);
  GRADIENT(out_gradient_row_stride = INT64_MAX);
  GRADIENT(x_gradient_row_stride = 2);
  GRADIENT(x_gradient_row_stride = INT64_MAX);
  a.out_gradient = a.x_gradient;
  GRADIENT(x_gradient_row_stride = 4);
  end_case();
}

static void test(void) {
  static const int64_t all_channels[] = {1, 3, 7, 8, 15, 16, 17, 33, 192, 384};
  static const int64_t all_lengths[] = {1, 2, 16, 32, 63, 64, 65, 130};
  seed(37);
  for (size_t c = 0; c < COUNT(all_channels); c++) {
    for (size_t t = 0; t < COUNT(all_lengths); t++) {
      gradient_case(all_lengths[t], all_channels[c], IN_SENTINELS, (int)draw(4));
    }
  }
  for (int64_t channels = 1; channels <= 70; channels += 1 + draw(THIN(2, 8))) {
    gradient_case(1 + draw(40), channels, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  differences();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
