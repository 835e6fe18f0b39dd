/* The gradient of a bilinear resize against the transpose of the resize, in double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Each term is a product with a product of two rounded shares, and is added to a running sum. */
#define GRADIENT_BOUND(terms) (((double)(terms) + 6) * 0x1p-24)

static double position(int64_t i, int64_t size, int64_t out_size, int corners) {
  if (corners) {
    return out_size == 1 ? 0 : (double)i * (double)(size - 1) / (double)(out_size - 1);
  }
  return fmax(((double)i + 0.5) * (double)size / (double)out_size - 0.5, 0);
}

/* What pixel i of the result takes of a pixel of x, along one axis. */
static double share(int64_t i, int64_t pixel, int64_t size, int64_t out_size, int corners) {
  double at = position(i, size, out_size, corners);
  int64_t low = (int64_t)at < size - 1 ? (int64_t)at : size - 1;
  int64_t high = low < size - 1 ? low + 1 : low;
  double second = high > low ? at - (double)low : 0;
  return (low == pixel ? 1 - second : 0) + (high == pixel ? second : 0);
}

static void check_pixel(const panamba_resize_gradient_args *a, int64_t image, int64_t y, int64_t x) {
  int64_t place = ((image * a->height + y) * a->width + x) * a->x_pixel_stride;
  for (int64_t channel = 0; channel < a->channels; channel++) {
    double sum = 0;
    double magnitude = 0;
    for (int64_t i = 0; i < a->out_height * a->out_width; i++) {
      double weight = share(i / a->out_width, y, a->height, a->out_height, a->corners) *
                      share(i % a->out_width, x, a->width, a->out_width, a->corners);
      if (weight != 0) {
        int64_t pixel = image * a->out_height * a->out_width + i;
        double term = weight * (double)a->out_gradient[pixel * a->out_pixel_stride + channel];
        sum += term;
        magnitude += fabs(term);
      }
    }
    if (a->accumulate != 0) {
      double term = (double)a->accumulate * (double)((const float *)before_run(a->x_gradient))[place + channel];
      sum += term;
      magnitude += fabs(term);
    }
    check_close("x_gradient", place + channel, (double)a->x_gradient[place + channel], sum,
                GRADIENT_BOUND(a->out_height * a->out_width) * magnitude + 0x1p-126);
  }
}

static void gradient_case(panamba_resize_gradient_args a, placement where, int misalignment) {
  describe("resize gradient %d x %d to %d x %d of %d channels, corners %d, accumulate %g, placed %d", (int)a.height,
           (int)a.width, (int)a.out_height, (int)a.out_width, (int)a.channels, a.corners, (double)a.accumulate, where);
  begin_case(where, misalignment);
  a.x_pixel_stride = a.channels + draw(3);
  a.out_pixel_stride = a.channels + draw(3);
  int64_t pixels = a.batch * a.height * a.width;
  a.out_gradient = take_rows(a.batch * a.out_height * a.out_width, a.channels, a.out_pixel_stride, -1, 1);
  a.x_gradient = take_output((pixels - 1) * a.x_pixel_stride + a.channels);
  for (int64_t i = 0; a.accumulate != 0 && i < pixels; i++) {
    fill(a.x_gradient + i * a.x_pixel_stride, a.channels, -1, 1);
  }
  run_operation(PANAMBA_RESIZE_GRADIENT, &a);
  for (int64_t i = 0; i < pixels; i++) {
    check_pixel(&a, i / (a.height * a.width), i / a.width % a.height, i % a.width);
  }
  check_gaps("the gap between pixels of x_gradient", a.x_gradient, PANAMBA_F32, pixels, a.channels, a.x_pixel_stride);
  end_case();
}

#define GRADIENT(change) REFUSED(panamba_resize_gradient_args, PANAMBA_RESIZE_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_resize_gradient_args, PANAMBA_RESIZE_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("resize_gradient");
  panamba_resize_gradient_args a = {.out_gradient = take_filled(32, -1, 1),
                                    .x_gradient = take_output(8),
                                    .batch = 1,
                                    .height = 2,
                                    .width = 2,
                                    .channels = 2,
                                    .out_height = 4,
                                    .out_width = 4,
                                    .x_pixel_stride = 2,
                                    .out_pixel_stride = 2};
  run_operation(PANAMBA_RESIZE_GRADIENT, &a);
  GRADIENT(out_gradient = 0);
  GRADIENT(x_gradient = 0);
  GRADIENT(x_gradient = (float *)a.out_gradient);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(height);
  GRADIENT_SIZE(width);
  GRADIENT_SIZE(channels);
  GRADIENT_SIZE(out_height);
  GRADIENT_SIZE(out_width);
  GRADIENT(x_pixel_stride = 1);
  GRADIENT(x_pixel_stride = INT64_MAX);
  GRADIENT(out_pixel_stride = 1);
  GRADIENT(out_pixel_stride = INT64_MAX);
  GRADIENT(corners = 2);
  GRADIENT(corners = -1);
  end_case();
}

static void test(void) {
  static const int64_t sides[] = {1, 2, 3, 5, 8, 13};
  static const int64_t all_channels[] = {1, 3, 8, 15, 16, 17, 37};
  seed(62);
  for (int i = 0; i < 200; i++) {
    panamba_resize_gradient_args a = {.batch = 1 + draw(2),
                                      .height = sides[draw(COUNT(sides))],
                                      .width = sides[draw(COUNT(sides))],
                                      .channels = all_channels[draw(COUNT(all_channels))],
                                      .out_height = sides[draw(COUNT(sides))],
                                      .out_width = sides[draw(COUNT(sides))],
                                      .corners = (int32_t)draw(2),
                                      .accumulate = draw(2) ? 0.0f : 1.0f};
    gradient_case(a, (placement)draw(3), 0);
    gradient_case(a, IN_SENTINELS, (int)draw(4));
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
