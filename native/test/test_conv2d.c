/* Two-dimensional convolutions, plain, transposed and of planes, against plain loops in double precision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gelu.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "relu.h"
#include "silu.h"

/* A chain of multiply-adds over channels and taps, the bias and the accumulation: each rounds by at most 2^-24 of what
 * can't exceed the sum of the absolute terms. Products of bfloat16 are exact. */
#define CONV_BOUND(terms) ((double)((terms) + 2) * 0x1p-24)

static const float accumulates[] = {0.0f, 0.0f, 1.0f, -0.5f};
static const int64_t gaps[] = {0, 0, 1, 5, 16};

/* Of the weight, and of the result. */
static const int32_t all_types[][2] = {
    {PANAMBA_F32, PANAMBA_F32}, {PANAMBA_BF16, PANAMBA_F32}, {PANAMBA_BF16, PANAMBA_BF16}, {PANAMBA_F32, PANAMBA_BF16}};

typedef struct {
  int64_t side; /* of the kernel; its width is one less at times */
  int64_t stride;
  int64_t padding;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t columns;
  int planar;
  int transposed;
} conv_shape;

/* Element (tap, column, channel) of the weight before packing. */
static int64_t weight_place(const panamba_conv2d_args *a, int64_t ky, int64_t kx, int64_t column, int64_t channel) {
  if (a->planar) {
    return ((column * a->channels + channel) * a->kernel_height + ky) * a->kernel_width + kx;
  }
  return ((ky * a->kernel_width + kx) * a->columns + column) * a->channels + channel;
}

static const void *packed_taps(const panamba_conv2d_args *a, const float *weight) {
  int64_t taps = a->kernel_height * a->kernel_width;
  if (a->planar) {
    return take_packed_of(a->dtype, weight, a->columns, a->channels * taps);
  }
  return take_packed_taps(a->dtype, weight, taps, a->columns, a->channels);
}

static double input_at(const panamba_conv2d_args *a, int64_t image, int64_t y, int64_t x, int64_t channel) {
  if (y < 0 || y >= a->height || x < 0 || x >= a->width) {
    return 0;
  }
  if (a->planar) {
    int64_t place = ((image * a->channels + channel) * a->height + y) * a->width + x;
    return rounded(a->dtype, a->pixel_values ? a->pixel_values[channel * 256 + ((const uint8_t *)a->input)[place]]
                                             : ((const float *)a->input)[place]);
  }
  int64_t pixel = (image * a->height + y) * a->width + x;
  return element(a->input, a->dtype, pixel * a->input_pixel_stride + channel);
}

/* Where tap k of place p reads, or -1: a coordinate that is no whole number lies outside, too. */
static int64_t source(const panamba_conv2d_args *a, int64_t p, int64_t k) {
  if (!a->transposed) {
    return a->stride * p + k - a->padding;
  }
  int64_t shifted = p + a->padding - k;
  return shifted >= 0 && shifted % a->stride == 0 ? shifted / a->stride : -1;
}

static void check_pixel(const panamba_conv2d_args *a, const float *weight, int64_t image, int64_t y, int64_t x) {
  for (int64_t column = 0; column < a->columns; column++) {
    double sum = a->bias ? (double)a->bias[column] : 0;
    double magnitude = fabs(sum);
    for (int64_t ky = 0; ky < a->kernel_height; ky++) {
      for (int64_t kx = 0; kx < a->kernel_width; kx++) {
        for (int64_t channel = 0; channel < a->channels; channel++) {
          double term = rounded(a->dtype, weight[weight_place(a, ky, kx, column, channel)]) *
                        input_at(a, image, source(a, y, ky), source(a, x, kx), channel);
          sum += term;
          magnitude += fabs(term);
        }
      }
    }
    int64_t place = ((image * a->out_height + y) * a->out_width + x) * a->columns + column;
    if (a->accumulate != 0) {
      double term = (double)a->accumulate * element(before_run(a->out), a->out_dtype, place);
      sum += term;
      magnitude += fabs(term);
    }
    double allowed = CONV_BOUND(a->channels * a->kernel_height * a->kernel_width) * magnitude;
    if (a->activation == PANAMBA_ACTIVATION_SILU) {
      check_element("silu", a->out, a->out_dtype, place, silu(sum), silu_error(sum, allowed));
    } else if (a->activation == PANAMBA_ACTIVATION_GELU) {
      check_element("gelu", a->out, a->out_dtype, place, gelu(sum), gelu_error(sum, allowed));
    } else if (a->activation == PANAMBA_ACTIVATION_RELU) {
      check_element("relu", a->out, a->out_dtype, place, relu(sum), allowed);
    } else {
      check_element("out", a->out, a->out_dtype, place, sum, allowed);
    }
  }
}

static panamba_conv2d_args draw_arguments(const conv_shape *s, size_t type) {
  panamba_conv2d_args a = {.batch = 1 + draw(2),
                           .height = s->height,
                           .width = s->width,
                           .channels = s->channels,
                           .columns = s->columns,
                           .kernel_height = s->side,
                           .kernel_width = s->side,
                           .stride = s->stride,
                           .padding = s->padding,
                           .planar = s->planar,
                           .transposed = s->transposed,
                           .input_pixel_stride = s->planar ? 0 : s->channels + PICK(gaps),
                           .accumulate = PICK(accumulates),
                           .dtype = all_types[type % COUNT(all_types)][0],
                           .out_dtype = all_types[type % COUNT(all_types)][1],
                           .activation = draw(3) ? PANAMBA_ACTIVATION_NONE : (int32_t)draw(4)};
  if (s->side > 1 + s->padding && draw(4) == 0) {
    a.kernel_width--;
  }
  if (s->transposed) {
    /* Of the sizes that belong to the input, any. */
    int64_t least_height = (a.height - 1) * a.stride + a.kernel_height - 2 * a.padding;
    int64_t least_width = (a.width - 1) * a.stride + a.kernel_width - 2 * a.padding;
    a.out_height = least_height + draw(a.stride);
    a.out_width = least_width + draw(a.stride);
    a.out_height = a.out_height < 1 ? 1 : a.out_height;
    a.out_width = a.out_width < 1 ? 1 : a.out_width;
  } else {
    a.out_height = (a.height + 2 * a.padding - a.kernel_height) / a.stride + 1;
    a.out_width = (a.width + 2 * a.padding - a.kernel_width) / a.stride + 1;
  }
  return a;
}

static void conv_case(conv_shape s, size_t type, placement where, int misalignment) {
  panamba_conv2d_args a = draw_arguments(&s, type);
  describe(
      "conv2d of %d of %d x %d x %d to %d, kernel %d x %d stride %d padding %d, planar %d transposed %d, dtypes %d "
      "and %d accumulate %g activation %d, placed %d misaligned %d",
      (int)a.batch, (int)a.height, (int)a.width, (int)a.channels, (int)a.columns, (int)a.kernel_height,
      (int)a.kernel_width, (int)a.stride, (int)a.padding, a.planar, a.transposed, a.dtype, a.out_dtype,
      (double)a.accumulate, a.activation, where, misalignment);
  begin_case(where, misalignment);
  int64_t pixels = a.batch * a.height * a.width;
  if (!a.planar) {
    a.input = take_rows_of(a.dtype, pixels, a.channels, a.input_pixel_stride, -1, 1);
  } else if (draw(2)) {
    a.input = take_filled(pixels * a.channels, -1, 1);
  } else {
    a.input = take_pixels(pixels * a.channels);
    a.pixel_values = take_filled(a.channels * 256, -1, 1);
  }
  float *weight = take_filled(a.kernel_height * a.kernel_width * a.channels * a.columns, -1, 1);
  a.weight = packed_taps(&a, weight);
  a.bias = draw(2) ? take_filled(a.columns, -1, 1) : 0;
  int64_t count = a.batch * a.out_height * a.out_width * a.columns;
  a.out = take_output_of(a.out_dtype, count);
  if (a.accumulate != 0) {
    fill_elements(a.out, a.out_dtype, 0, count, -1, 1);
  }
  run_operation(PANAMBA_CONV2D, &a);
  for (int64_t image = 0; image < a.batch; image++) {
    for (int64_t y = 0; y < a.out_height; y++) {
      for (int64_t x = 0; x < a.out_width; x++) {
        check_pixel(&a, weight, image, y, x);
      }
    }
  }
  end_case();
}

/* Sides and strides of the networks, and others. */
static conv_shape draw_shape(int planar, int transposed) {
  static const int64_t channels[] = {1, 2, 3, 7, 16, 17, 24, 33};
  static const int64_t colours[] = {1, 3, 4};
  static const int64_t columns[] = {1, 4, 8, 15, 16, 17, 33, 48, 49, 97};
  static const int64_t kernels[][3] = {{3, 2, 1}, {3, 1, 1}, {2, 2, 0}, {4, 4, 0}, {1, 1, 0},
                                       {5, 4, 1}, {3, 3, 2}, {2, 3, 1}, {4, 2, 1}, {5, 1, 2}};
  const int64_t *kernel = kernels[draw((int64_t)COUNT(kernels))];
  conv_shape s = {.side = kernel[0],
                  .stride = kernel[1],
                  .padding = kernel[2],
                  .height = 1 + draw(10),
                  .width = 1 + draw(21),
                  .channels = planar ? PICK(colours) : PICK(channels),
                  .columns = PICK(columns),
                  .planar = planar,
                  .transposed = transposed};
  if (!transposed) {
    s.height = s.height < s.side ? s.side : s.height;
    s.width = s.width < s.side ? s.side : s.width;
  } else {
    /* At least a pixel comes out. */
    s.height += s.padding;
    s.width += s.padding;
  }
  return s;
}

static void sweep(void) {
  for (size_t i = 0; i < THIN(600, 120); i++) {
    conv_case(draw_shape(i % 3 == 1, i % 3 == 2), i / 3, (placement)draw(3), 0);
  }
}

/* A single pixel and a single row, whose windows lie outside but for the middle. */
static void smallest_images(void) {
  for (size_t type = 0; type < COUNT(all_types); type++) {
    for (int planar = 0; planar < 2; planar++) {
      conv_case((conv_shape){3, 2, 1, 1, 1, 3, 20, planar, 0}, type, BEFORE_GUARD, 0);
      conv_case((conv_shape){3, 1, 1, 1, 19, 3, 20, planar, 0}, type, AFTER_GUARD, 0);
      conv_case((conv_shape){3, 1, 1, 19, 1, 3, 20, planar, 0}, type, BEFORE_GUARD, 0);
    }
  }
}

/* An image has the bits that it has alone. */
static void images_are_independent(void) {
  for (int i = 0; i < 30; i++) {
    conv_shape s = draw_shape(i % 3 == 1, i % 3 == 2);
    panamba_conv2d_args a = draw_arguments(&s, (size_t)i / 3);
    describe("conv2d, planar %d transposed %d, of an image alone", a.planar, a.transposed);
    begin_case(IN_SENTINELS, 0);
    a.batch = 3;
    a.accumulate = 0;
    a.input_pixel_stride = a.channels;
    int64_t pixels = a.height * a.width * a.channels;
    int32_t dtype = a.planar ? PANAMBA_F32 : a.dtype;
    a.input = take_filled_of(dtype, a.batch * pixels, -1, 1);
    a.weight = packed_taps(&a, take_filled(a.kernel_height * a.kernel_width * a.channels * a.columns, -1, 1));
    int64_t count = a.out_height * a.out_width * a.columns;
    a.out = take_output_of(a.out_dtype, a.batch * count);
    void *alone = take_output_of(a.out_dtype, count);
    run_operation(PANAMBA_CONV2D, &a);
    for (int64_t image = 0; image < a.batch; image++) {
      panamba_conv2d_args one = a;
      one.batch = 1;
      one.input = place_of(a.input, dtype, image * pixels);
      one.out = alone;
      run_operation(PANAMBA_CONV2D, &one);
      check_same_elements("image", a.out_dtype, place_of(a.out, a.out_dtype, image * count), alone, count);
    }
    end_case();
  }
}

#define CONV(change) REFUSED(panamba_conv2d_args, PANAMBA_CONV2D, a, change)
#define CONV_SIZE(field) REFUSED_SIZE(panamba_conv2d_args, PANAMBA_CONV2D, a, field)

static void refusals(void) {
  begin_refusals("conv2d");
  panamba_conv2d_args a = {.input = take_filled(5 * 6 * 4, -1, 1),
                           .out = take_output(3 * 3 * 8),
                           .batch = 1,
                           .height = 5,
                           .width = 6,
                           .channels = 4,
                           .columns = 8,
                           .kernel_height = 3,
                           .kernel_width = 3,
                           .stride = 2,
                           .padding = 1,
                           .out_height = 3,
                           .out_width = 3,
                           .input_pixel_stride = 4};
  a.weight = packed_taps(&a, take_filled(9 * 4 * 8, -1, 1));
  run_operation(PANAMBA_CONV2D, &a);
  CONV(input = 0);
  CONV(weight = 0);
  CONV(out = 0);
  CONV(out = (void *)a.input);
  CONV_SIZE(batch);
  CONV_SIZE(height);
  CONV_SIZE(width);
  CONV_SIZE(channels);
  CONV_SIZE(columns);
  CONV_SIZE(kernel_height);
  CONV_SIZE(kernel_width);
  CONV_SIZE(stride);
  CONV_SIZE(out_height);
  CONV_SIZE(out_width);
  CONV_SIZE(input_pixel_stride);
  CONV(channels = PANAMBA_MAX_CONV_CHANNELS + 1);
  CONV(kernel_height = PANAMBA_MAX_CONV_SIDE + 1);
  CONV(kernel_height = 8);
  CONV(padding = -1);
  CONV(padding = 3);
  CONV(stride = PANAMBA_MAX_CONV_SIDE + 1);
  CONV(out_height = 2);
  CONV(out_width = 4);
  CONV(input_pixel_stride = 3);
  CONV(planar = 2);
  CONV(planar = -1);
  CONV(transposed = 2);
  CONV(transposed = 1);
  CONV(activation = -1);
  CONV(activation = 4);
  CONV(pixel_values = a.input);
  REFUSED_DTYPE(panamba_conv2d_args, PANAMBA_CONV2D, a, dtype);
  REFUSED_DTYPE(panamba_conv2d_args, PANAMBA_CONV2D, a, out_dtype);
  a.planar = 1;
  CONV(transposed = 1);
  CONV(channels = 100);
  end_case();
}

static void test(void) {
  seed(31);
  sweep();
  smallest_images();
  images_are_independent();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
