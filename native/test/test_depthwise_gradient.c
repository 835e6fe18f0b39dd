/* The gradient of a depthwise convolution's parameters against sums in double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* A chain over all pixels. */
#define GRADIENT_BOUND(pixels) ((double)((pixels) + 1) * 0x1p-23)

static void gradient_case(int64_t height, int64_t width, int64_t channels, int32_t side, placement where) {
  panamba_depthwise_gradient_args a = {.batch = 1 + draw(3),
                                       .height = height,
                                       .width = width,
                                       .channels = channels,
                                       .x_pixel_stride = channels + draw(2) * 5,
                                       .out_gradient_pixel_stride = channels + draw(2) * 3,
                                       .side = side};
  describe("gradient of depthwise of %d of %d x %d x %d side %d strides %d and %d, placed %d", (int)a.batch,
           (int)height, (int)width, (int)channels, side, (int)a.x_pixel_stride, (int)a.out_gradient_pixel_stride,
           where);
  begin_case(where, 0);
  int64_t pixels = height * width;
  a.x = take_rows(a.batch * pixels, channels, a.x_pixel_stride, -1, 1);
  a.out_gradient = take_rows(a.batch * pixels, channels, a.out_gradient_pixel_stride, -1, 1);
  int64_t parts = side * side + 1;
  a.parameter_parts = take_output(a.batch * parts * channels);
  run_operation(PANAMBA_DEPTHWISE_GRADIENT, &a);
  for (int64_t i = 0; i < a.batch * parts * channels; i++) {
    int64_t image = i / (parts * channels);
    int64_t tap = i / channels % parts;
    double sum = 0;
    double magnitude = 0;
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
      int64_t y = pixel / width + tap / side - side / 2;
      int64_t x = pixel % width + tap % side - side / 2;
      double term = (double)a.out_gradient[(image * pixels + pixel) * a.out_gradient_pixel_stride + i % channels];
      if (tap < side * side) {
        if (y < 0 || y >= height || x < 0 || x >= width) {
          continue;
        }
        term *= (double)a.x[(image * pixels + y * width + x) * a.x_pixel_stride + i % channels];
      }
      sum += term;
      magnitude += fabs(term);
    }
    check_close("parameter_parts", i, (double)a.parameter_parts[i], sum, GRADIENT_BOUND(pixels) * magnitude);
  }
  end_case();
}

#define GRADIENT(change) REFUSED(panamba_depthwise_gradient_args, PANAMBA_DEPTHWISE_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_depthwise_gradient_args, PANAMBA_DEPTHWISE_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("depthwise_gradient");
  panamba_depthwise_gradient_args a = {.x = take_filled(24, -1, 1),
                                       .out_gradient = take_filled(24, -1, 1),
                                       .parameter_parts = take_output(10 * 4),
                                       .batch = 1,
                                       .height = 2,
                                       .width = 3,
                                       .channels = 4,
                                       .x_pixel_stride = 4,
                                       .out_gradient_pixel_stride = 4,
                                       .side = 3};
  run_operation(PANAMBA_DEPTHWISE_GRADIENT, &a);
  GRADIENT(x = 0);
  GRADIENT(out_gradient = 0);
  GRADIENT(parameter_parts = 0);
  GRADIENT(parameter_parts = (float *)a.x);
  GRADIENT(parameter_parts = (float *)a.out_gradient);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(height);
  GRADIENT_SIZE(width);
  GRADIENT_SIZE(channels);
  GRADIENT_SIZE(x_pixel_stride);
  GRADIENT_SIZE(out_gradient_pixel_stride);
  GRADIENT(x_pixel_stride = 3);
  GRADIENT(out_gradient_pixel_stride = 3);
  GRADIENT(side = 4);
  GRADIENT(side = 9);
  GRADIENT(reserved = 1);
  end_case();
}

static void test(void) {
  static const int32_t sides[] = {3, 5, 7};
  static const int64_t channels[] = {1, 5, 16, 17, 33};
  seed(36);
  for (int64_t height = 1; height <= 9; height += 2) {
    for (int64_t width = 1; width <= 16; width += THIN(1, 3)) {
      gradient_case(height, width, PICK(channels), PICK(sides), (placement)draw(3));
    }
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
