/* The gradient of means and maxima of windows against double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* A chain of products and additions. */
#define GRADIENT_BOUND(windows) (((double)(windows) + 2) * 0x1p-24)

#define MOST_PIXELS 81

/* Passes the gradient of one window to its pixels. */
static void pass(const panamba_window_pool_gradient_args *a, int64_t image, int64_t row, int64_t column, int64_t i,
                 double *gradients, double *magnitudes) {
  int mean = a->kind == PANAMBA_POOL_MEAN;
  int64_t top = mean ? row * a->height / a->out_height : row * a->stride;
  int64_t left = mean ? column * a->width / a->out_width : column * a->stride;
  int64_t bottom =
      mean ? (int64_t)ceil((double)(row + 1) * (double)a->height / (double)a->out_height) : top + a->window;
  int64_t right =
      mean ? (int64_t)ceil((double)(column + 1) * (double)a->width / (double)a->out_width) : left + a->window;
  double gradient = (double)a->out_gradient[((image * a->out_height + row) * a->out_width + column) * a->channels + i];
  int64_t largest = -1;
  double value = 0;
  for (int64_t y = top; y < bottom; y++) {
    for (int64_t x = left; x < right; x++) {
      int64_t pixel = y * a->width + x;
      if (mean) {
        double term = gradient / (double)((bottom - top) * (right - left));
        gradients[pixel] += term;
        magnitudes[pixel] += fabs(term);
        continue;
      }
      double other = (double)a->x[(image * a->height * a->width + pixel) * a->x_pixel_stride + i];
      if (largest < 0 || (!isnan(value) && (isnan(other) || other > value))) {
        largest = pixel;
        value = other;
      }
    }
  }
  if (!mean) {
    gradients[largest] += gradient;
    magnitudes[largest] += fabs(gradient);
  }
}

static void check_channel(const panamba_window_pool_gradient_args *a, int64_t image, int64_t i) {
  double gradients[MOST_PIXELS] = {0};
  double magnitudes[MOST_PIXELS] = {0};
  int64_t windows = a->out_height * a->out_width;
  for (int64_t k = 0; k < windows; k++) {
    pass(a, image, k / a->out_width, k % a->out_width, i, gradients, magnitudes);
  }
  for (int64_t pixel = 0; pixel < a->height * a->width; pixel++) {
    int64_t place = (image * a->height * a->width + pixel) * a->channels + i;
    check_close("x_gradient", place, (double)a->x_gradient[place], gradients[pixel],
                GRADIENT_BOUND(windows) * magnitudes[pixel] + 0x1p-126);
  }
}

static void gradient_case(panamba_window_pool_gradient_args a, int equal, placement where, int misalignment) {
  describe("window pool gradient %d x %d to %d x %d of %d channels, kind %d, window %d stride %d, placed %d",
           (int)a.height, (int)a.width, (int)a.out_height, (int)a.out_width, (int)a.channels, a.kind, (int)a.window,
           (int)a.stride, where);
  begin_case(where, misalignment);
  int64_t pixels = a.batch * a.height * a.width;
  if (a.kind == PANAMBA_POOL_MAX) {
    a.x_pixel_stride = a.channels + draw(3);
    float *x = take_rows(pixels, a.channels, a.x_pixel_stride, -1, 1);
    for (int64_t i = 0; equal && i < pixels; i++) {
      for (int64_t channel = 0; channel < a.channels; channel++) {
        x[i * a.x_pixel_stride + channel] = draw(5) ? (float)draw(2) : NAN;
      }
    }
    a.x = x;
  }
  a.out_gradient = take_filled(a.batch * a.out_height * a.out_width * a.channels, -1, 1);
  a.x_gradient = take_output(pixels * a.channels);
  run_operation(PANAMBA_WINDOW_POOL_GRADIENT, &a);
  for (int64_t image = 0; image < a.batch; image++) {
    for (int64_t i = 0; i < a.channels; i++) {
      check_channel(&a, image, i);
    }
  }
  end_case();
}

#define GRADIENT(change) REFUSED(panamba_window_pool_gradient_args, PANAMBA_WINDOW_POOL_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_window_pool_gradient_args, PANAMBA_WINDOW_POOL_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("window_pool_gradient");
  panamba_window_pool_gradient_args a = {.x = take_filled(32, -1, 1),
                                         .out_gradient = take_filled(8, -1, 1),
                                         .x_gradient = take_output(32),
                                         .batch = 1,
                                         .height = 4,
                                         .width = 4,
                                         .channels = 2,
                                         .out_height = 2,
                                         .out_width = 2,
                                         .x_pixel_stride = 2,
                                         .window = 2,
                                         .stride = 2,
                                         .kind = PANAMBA_POOL_MAX};
  run_operation(PANAMBA_WINDOW_POOL_GRADIENT, &a);
  GRADIENT(x = 0);
  GRADIENT(out_gradient = 0);
  GRADIENT(x_gradient = 0);
  GRADIENT(x_gradient = (float *)a.x);
  GRADIENT(x_gradient = (float *)a.out_gradient);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(height);
  GRADIENT_SIZE(width);
  GRADIENT_SIZE(channels);
  GRADIENT_SIZE(out_height);
  GRADIENT_SIZE(out_width);
  GRADIENT_SIZE(window);
  GRADIENT_SIZE(stride);
  GRADIENT(out_height = 3);
  GRADIENT(x_pixel_stride = 1);
  GRADIENT(x_pixel_stride = INT64_MAX);
  GRADIENT(kind = PANAMBA_POOL_MEAN);
  GRADIENT(kind = 2);
  GRADIENT(reserved = 1);
  end_case();
}

static void test(void) {
  static const int64_t all_channels[] = {1, 3, 8, 15, 16, 17};
  seed(64);
  for (int i = 0; i < 200; i++) {
    panamba_window_pool_gradient_args a = {.batch = 1 + draw(2),
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
      a.out_height = 1 + draw(12);
      a.out_width = 1 + draw(12);
    }
    gradient_case(a, (int)draw(2), (placement)draw(3), 0);
    gradient_case(a, 0, IN_SENTINELS, (int)draw(4));
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
