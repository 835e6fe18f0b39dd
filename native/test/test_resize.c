/* Bilinear resize against double precision, also of the products of a convolution against that convolution. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "relu.h"

/* Of 4 products for each tap, with weights that are products of two rounded shares; and a sum with what was there. */
#define RESIZE_BOUND(side) ((4.0 * (side) * (side) + 6) * 0x1p-24)

static double position(int64_t i, int64_t size, int64_t out_size, int corners) {
  if (corners) {
    return out_size == 1 ? 0 : (double)i * (double)(size - 1) / (double)(out_size - 1);
  }
  return fmax(((double)i + 0.5) * (double)size / (double)out_size - 0.5, 0);
}

/* Element `channel` of the resized map at (y, x). The sum of absolute terms is added to *magnitude. */
static double resized(const panamba_resize_args *a, int64_t image, int64_t y, int64_t x, int64_t channel,
                      double *magnitude) {
  double top = position(y, a->height, a->out_height, a->corners);
  double left = position(x, a->width, a->out_width, a->corners);
  double sum = 0;
  for (int part = 0; part < 4; part++) {
    int64_t row = (int64_t)top + part / 2;
    int64_t column = (int64_t)left + part % 2;
    double weight = (part / 2 ? top - floor(top) : 1 - (top - floor(top))) *
                    (part % 2 ? left - floor(left) : 1 - (left - floor(left)));
    row = row < a->height ? row : a->height - 1;
    column = column < a->width ? column : a->width - 1;
    double term = weight * (double)a->x[((image * a->height + row) * a->width + column) * a->x_pixel_stride + channel];
    sum += term;
    *magnitude += fabs(term);
  }
  return sum;
}

static void check_pixel(const panamba_resize_args *a, int64_t image, int64_t y, int64_t x) {
  int64_t first = ((image * a->out_height + y) * a->out_width + x) * a->out_pixel_stride;
  int reach = a->side / 2;
  for (int64_t channel = 0; channel < a->channels; channel++) {
    double sum = 0;
    double magnitude = 0;
    for (int tap = 0; tap < a->side * a->side; tap++) {
      int64_t row = y + tap / a->side - reach;
      int64_t column = x + tap % a->side - reach;
      if (row >= 0 && row < a->out_height && column >= 0 && column < a->out_width) {
        sum += resized(a, image, row, column, tap * a->channels + channel, &magnitude);
      }
    }
    if (a->accumulate != 0) {
      double term = (double)a->accumulate * (double)((const float *)before_run(a->out))[first + channel];
      sum += term;
      magnitude += fabs(term);
    }
    double wanted = a->activation == PANAMBA_ACTIVATION_RELU ? relu(sum) : sum;
    check_close("out", first + channel, (double)a->out[first + channel], wanted, RESIZE_BOUND(a->side) * magnitude);
  }
}

static void resize_case(panamba_resize_args a, placement where, int misalignment) {
  describe("resize %d x %d to %d x %d of %d channels, side %d, corners %d, accumulate %g, activation %d, placed %d",
           (int)a.height, (int)a.width, (int)a.out_height, (int)a.out_width, (int)a.channels, a.side, a.corners,
           (double)a.accumulate, a.activation, where);
  begin_case(where, misalignment);
  int64_t depth = a.side * a.side * a.channels;
  a.x_pixel_stride = depth + draw(3);
  a.out_pixel_stride = a.channels + draw(3);
  int64_t pixels = a.batch * a.out_height * a.out_width;
  a.x = take_rows(a.batch * a.height * a.width, depth, a.x_pixel_stride, -1, 1);
  a.out = take_output((pixels - 1) * a.out_pixel_stride + a.channels);
  for (int64_t i = 0; a.accumulate != 0 && i < pixels; i++) {
    fill(a.out + i * a.out_pixel_stride, a.channels, -1, 1);
  }
  run_operation(PANAMBA_RESIZE, &a);
  for (int64_t i = 0; i < pixels; i++) {
    check_pixel(&a, i / (a.out_height * a.out_width), i / a.out_width % a.out_height, i % a.out_width);
  }
  check_gaps("the gap between pixels of out", a.out, PANAMBA_F32, pixels, a.channels, a.out_pixel_stride);
  end_case();
}

#define RESIZE(change) REFUSED(panamba_resize_args, PANAMBA_RESIZE, a, change)
#define RESIZE_SIZE(field) REFUSED_SIZE(panamba_resize_args, PANAMBA_RESIZE, a, field)

static void refusals(void) {
  begin_refusals("resize");
  panamba_resize_args a = {.x = take_filled(72, -1, 1),
                           .out = take_output(32),
                           .batch = 1,
                           .height = 2,
                           .width = 2,
                           .channels = 2,
                           .out_height = 4,
                           .out_width = 4,
                           .x_pixel_stride = 18,
                           .out_pixel_stride = 2,
                           .side = 3};
  run_operation(PANAMBA_RESIZE, &a);
  RESIZE(x = 0);
  RESIZE(out = 0);
  RESIZE(out = (float *)a.x);
  RESIZE_SIZE(batch);
  RESIZE_SIZE(height);
  RESIZE_SIZE(width);
  RESIZE_SIZE(channels);
  RESIZE_SIZE(out_height);
  RESIZE_SIZE(out_width);
  RESIZE(x_pixel_stride = 17);
  RESIZE(x_pixel_stride = INT64_MAX);
  RESIZE(out_pixel_stride = 1);
  RESIZE(out_pixel_stride = INT64_MAX);
  RESIZE(side = 0);
  RESIZE(side = 2);
  RESIZE(side = 5);
  RESIZE(corners = 2);
  RESIZE(corners = -1);
  RESIZE(activation = 4);
  RESIZE(activation = -1);
  end_case();
}

static void test(void) {
  static const int64_t sides[] = {1, 2, 3, 5, 8, 13};
  static const int64_t all_channels[] = {1, 3, 8, 15, 16, 17, 37};
  seed(61);
  for (int i = 0; i < 300; i++) {
    panamba_resize_args a = {.batch = 1 + draw(2),
                             .height = sides[draw(COUNT(sides))],
                             .width = sides[draw(COUNT(sides))],
                             .channels = all_channels[draw(COUNT(all_channels))],
                             .out_height = sides[draw(COUNT(sides))],
                             .out_width = sides[draw(COUNT(sides))],
                             .side = draw(2) ? 3 : 1,
                             .corners = (int32_t)draw(2),
                             .accumulate = draw(2) ? 0.0f : 0.75f,
                             .activation = draw(2) ? PANAMBA_ACTIVATION_RELU : PANAMBA_ACTIVATION_NONE};
    resize_case(a, (placement)draw(3), 0);
    resize_case(a, IN_SENTINELS, (int)draw(4));
  }
  /* More channels than are mixed at a time. */
  panamba_resize_args wide = {.batch = 1, .height = 3, .width = 2, .channels = 259, .out_height = 4, .out_width = 5};
  for (wide.side = 1; wide.side <= 3; wide.side += 2) {
    resize_case(wide, BEFORE_GUARD, 0);
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
