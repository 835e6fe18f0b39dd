/* The gradient of a convolution's weight against sums in double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* A chain over the pixels of a row, then one over rows, and the accumulation. */
#define GRADIENT_BOUND(pixels) ((double)((pixels) + 2) * 0x1p-24)

static void gradient_case(panamba_conv2d_gradient_args a, placement where, int misalignment) {
  describe(
      "gradient of conv2d of %d of %d x %d x %d to %d, kernel %d x %d stride %d padding %d accumulate %g, placed "
      "%d misaligned %d",
      (int)a.batch, (int)a.height, (int)a.width, (int)a.channels, (int)a.columns, (int)a.kernel_height,
      (int)a.kernel_width, (int)a.stride, (int)a.padding, (double)a.accumulate, where, misalignment);
  begin_case(where, misalignment);
  int64_t rows = (a.height + 2 * a.padding - a.kernel_height) / a.stride + 1;
  int64_t columns = (a.width + 2 * a.padding - a.kernel_width) / a.stride + 1;
  int64_t count = a.kernel_height * a.kernel_width * a.channels * a.columns;
  a.input = take_filled(a.batch * a.height * a.width * a.channels, -1, 1);
  a.out_gradient = take_filled(a.batch * rows * columns * a.columns, -1, 1);
  a.weight_gradient = take_output(count);
  if (a.accumulate != 0) {
    fill(a.weight_gradient, count, -1, 1);
  }
  run_operation(PANAMBA_CONV2D_GRADIENT, &a);
  const float *before = before_run(a.weight_gradient);
  for (int64_t i = 0; i < count; i++) {
    int64_t channel = i / a.columns % a.channels;
    int64_t tap = i / (a.columns * a.channels);
    double sum = a.accumulate != 0 ? (double)a.accumulate * (double)before[i] : 0;
    double magnitude = fabs(sum);
    for (int64_t pixel = 0; pixel < a.batch * rows * columns; pixel++) {
      int64_t y = pixel / columns % rows * a.stride + tap / a.kernel_width - a.padding;
      int64_t x = pixel % columns * a.stride + tap % a.kernel_width - a.padding;
      if (y >= 0 && y < a.height && x >= 0 && x < a.width) {
        int64_t place = ((pixel / (rows * columns) * a.height + y) * a.width + x) * a.channels + channel;
        double term = (double)a.input[place] * (double)a.out_gradient[pixel * a.columns + i % a.columns];
        sum += term;
        magnitude += fabs(term);
      }
    }
    check_close("weight_gradient", i, (double)a.weight_gradient[i], sum,
                GRADIENT_BOUND(a.batch * rows * columns) * magnitude);
  }
  end_case();
}

static void sweep(void) {
  static const int64_t kernels[][3] = {{3, 2, 1}, {3, 1, 1}, {2, 2, 0}, {4, 4, 0}, {1, 1, 0}, {3, 3, 2}, {2, 3, 1}};
  static const int64_t channels[] = {1, 3, 8, 9, 10, 17, 24, 75};
  static const int64_t columns[] = {1, 4, 15, 16, 17, 33, 48, 49};
  static const float accumulates[] = {0.0f, 1.0f, -0.5f};
  for (int i = 0; i < THIN(250, 50); i++) {
    const int64_t *kernel = kernels[draw((int64_t)COUNT(kernels))];
    panamba_conv2d_gradient_args a = {.batch = 1 + draw(2),
                                      .height = kernel[0] + draw(7),
                                      .width = kernel[0] + draw(13),
                                      .channels = PICK(channels),
                                      .columns = PICK(columns),
                                      .kernel_height = kernel[0],
                                      .kernel_width = kernel[0],
                                      .stride = kernel[1],
                                      .padding = kernel[2],
                                      .accumulate = PICK(accumulates)};
    if (a.kernel_width > a.padding + 1 && draw(4) == 0) {
      a.kernel_width--;
    }
    gradient_case(a, (placement)draw(3), 0);
  }
  /* A single pixel, and rows that are copied in two blocks. */
  panamba_conv2d_gradient_args pixel = {.batch = 2,
                                        .height = 1,
                                        .width = 1,
                                        .channels = 5,
                                        .columns = 6,
                                        .kernel_height = 3,
                                        .kernel_width = 3,
                                        .stride = 2,
                                        .padding = 1};
  gradient_case(pixel, BEFORE_GUARD, 0);
  panamba_conv2d_gradient_args wide = pixel;
  wide.width = 299;
  wide.stride = 1;
  gradient_case(wide, AFTER_GUARD, 0);
}

#define GRADIENT(change) REFUSED(panamba_conv2d_gradient_args, PANAMBA_CONV2D_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_conv2d_gradient_args, PANAMBA_CONV2D_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("conv2d_gradient");
  panamba_conv2d_gradient_args a = {.input = take_filled(5 * 6 * 4, -1, 1),
                                    .out_gradient = take_filled(3 * 3 * 8, -1, 1),
                                    .weight_gradient = take_output(9 * 4 * 8),
                                    .batch = 1,
                                    .height = 5,
                                    .width = 6,
                                    .channels = 4,
                                    .columns = 8,
                                    .kernel_height = 3,
                                    .kernel_width = 3,
                                    .stride = 2,
                                    .padding = 1};
  run_operation(PANAMBA_CONV2D_GRADIENT, &a);
  GRADIENT(input = 0);
  GRADIENT(out_gradient = 0);
  GRADIENT(weight_gradient = 0);
  GRADIENT(weight_gradient = (float *)a.input);
  GRADIENT(weight_gradient = (float *)a.out_gradient);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(height);
  GRADIENT_SIZE(width);
  GRADIENT_SIZE(channels);
  GRADIENT_SIZE(columns);
  GRADIENT_SIZE(kernel_height);
  GRADIENT_SIZE(kernel_width);
  GRADIENT_SIZE(stride);
  GRADIENT(padding = -1);
  GRADIENT(padding = 3);
  GRADIENT(kernel_height = 8);
  GRADIENT(reserved = 1);
  end_case();
}

static void test(void) {
  seed(35);
  sweep();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
