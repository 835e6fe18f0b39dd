/* Means and maxima of windows of a map against double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* A chain of additions and a division. */
#define MEAN_BOUND(count) (((double)(count) + 1) * 0x1p-24)

static void check_pixel(const panamba_window_pool_args *a, int64_t image, int64_t row, int64_t column) {
  int mean = a->kind == PANAMBA_POOL_MEAN;
  int64_t top = mean ? row * a->height / a->out_height : row * a->stride;
  int64_t left = mean ? column * a->width / a->out_width : column * a->stride;
  int64_t bottom =
      mean ? (int64_t)ceil((double)(row + 1) * (double)a->height / (double)a->out_height) : top + a->window;
  int64_t right =
      mean ? (int64_t)ceil((double)(column + 1) * (double)a->width / (double)a->out_width) : left + a->window;
  double count = (double)((bottom - top) * (right - left));
  int64_t place = ((image * a->out_height + row) * a->out_width + column) * a->out_pixel_stride;
  for (int64_t i = 0; i < a->channels; i++) {
    double sum = 0;
    double magnitude = 0;
    double largest = -INFINITY;
    for (int64_t y = top; y < bottom; y++) {
      for (int64_t x = left; x < right; x++) {
        double value = (double)a->x[((image * a->height + y) * a->width + x) * a->x_pixel_stride + i];
        sum += value;
        magnitude += fabs(value);
        largest = isnan(value) || isnan(largest) ? NAN : fmax(largest, value);
      }
    }
    check_close("out", place + i, (double)a->out[place + i], mean ? sum / count : largest,
                mean ? MEAN_BOUND(count) * magnitude / count : 0);
  }
}

static void pool_case(panamba_window_pool_args a, int with_nan, placement where, int misalignment) {
  describe("window pool %d x %d to %d x %d of %d channels, kind %d, window %d stride %d, NaN %d, placed %d",
           (int)a.height, (int)a.width, (int)a.out_height, (int)a.out_width, (int)a.channels, a.kind, (int)a.window,
           (int)a.stride, with_nan, where);
  begin_case(where, misalignment);
  a.x_pixel_stride = a.channels + draw(3);
  a.out_pixel_stride = a.channels + draw(3);
  int64_t inputs = a.batch * a.height * a.width;
  int64_t pixels = a.batch * a.out_height * a.out_width;
  float *x = take_rows(inputs, a.channels, a.x_pixel_stride, -1, 1);
  if (with_nan) {
    x[draw(inputs) * a.x_pixel_stride + draw(a.channels)] = NAN;
  }
  a.x = x;
  a.out = take_output((pixels - 1) * a.out_pixel_stride + a.channels);
  run_operation(PANAMBA_WINDOW_POOL, &a);
  for (int64_t i = 0; i < pixels; i++) {
    check_pixel(&a, i / (a.out_height * a.out_width), i / a.out_width % a.out_height, i % a.out_width);
  }
  check_gaps("the gap between pixels of out", a.out, PANAMBA_F32, pixels, a.channels, a.out_pixel_stride);
  end_case();
}

#define POOL(change) REFUSED(panamba_window_pool_args, PANAMBA_WINDOW_POOL, a, change)
#define POOL_SIZE(field) REFUSED_SIZE(panamba_window_pool_args, PANAMBA_WINDOW_POOL, a, field)

static void refusals(void) {
  begin_refusals("window_pool");
  panamba_window_pool_args a = {.x = take_filled(32, -1, 1),
                                .out = take_output(8),
                                .batch = 1,
                                .height = 4,
                                .width = 4,
                                .channels = 2,
                                .out_height = 2,
                                .out_width = 2,
                                .x_pixel_stride = 2,
                                .out_pixel_stride = 2,
                                .window = 2,
                                .stride = 2,
                                .kind = PANAMBA_POOL_MAX};
  run_operation(PANAMBA_WINDOW_POOL, &a);
  POOL(x = 0);
  POOL(out = 0);
  POOL(out = (float *)a.x);
  POOL_SIZE(batch);
  POOL_SIZE(height);
  POOL_SIZE(width);
  POOL_SIZE(channels);
  POOL_SIZE(out_height);
  POOL_SIZE(out_width);
  POOL_SIZE(window);
  POOL_SIZE(stride);
  POOL(out_height = 3);
  POOL(out_width = 1);
  POOL(x_pixel_stride = 1);
  POOL(x_pixel_stride = INT64_MAX);
  POOL(out_pixel_stride = 1);
  POOL(out_pixel_stride = INT64_MAX);
  POOL(kind = PANAMBA_POOL_MEAN);
  POOL(kind = 2);
  POOL(kind = -1);
  POOL(reserved = 1);
  end_case();
}

static void test(void) {
  static const int64_t all_channels[] = {1, 3, 8, 15, 16, 17, 37};
  seed(63);
  for (int i = 0; i < 300; i++) {
    panamba_window_pool_args a = {.batch = 1 + draw(2),
                                  .height = 1 + draw(9),
                                  .width = 1 + draw(9),
                                  .channels = all_channels[draw(COUNT(all_channels))],
                                  .kind = draw(2) ? PANAMBA_POOL_MAX : PANAMBA_POOL_MEAN};
    if (a.kind == PANAMBA_POOL_MAX) {
      a.window = 1 + draw(a.height < a.width ? a.height : a.width);
      a.stride = 1 + draw(4);
      a.out_height = (a.height - a.window) / a.stride + 1;
      a.out_width = (a.width - a.window) / a.stride + 1;
    } else {
      /* More windows than pixels, too. */
      a.out_height = 1 + draw(12);
      a.out_width = 1 + draw(12);
    }
    pool_case(a, draw(3) == 0, (placement)draw(3), 0);
    pool_case(a, 0, IN_SENTINELS, (int)draw(4));
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
