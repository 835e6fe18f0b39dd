/* The gradient of patches against sums in double precision, pixel by pixel. */
#include <math.h>
#include <stdlib.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

typedef struct {
  int64_t batch;
  int64_t channels;
  int64_t height;
  int64_t width;
  int64_t patch;
  int64_t stride;
  int64_t class_tokens;
  int64_t padding;
} patch_shape;

typedef struct {
  double *sum;
  double *size;
  int64_t *patches;
} pixel_sums;

/* What the patches add to an image's pixels, token by token. */
static void add_up(const panamba_patches_gradient_args *a, int64_t image, int64_t length, const pixel_sums *pixels) {
  int64_t columns = (a->width + 2 * a->padding - a->patch_width) / a->stride_width + 1;
  int64_t depth = a->channels * a->patch_height * a->patch_width;
  int64_t patch = 0;
  for (int64_t token = 0; token < length; token++) {
    int is_class = 0;
    for (int64_t i = 0; i < a->class_tokens; i++) {
      is_class |= a->class_index[i] == token;
    }
    for (int64_t i = 0; i < depth && !is_class; i++) {
      int64_t channel = i / (a->patch_height * a->patch_width);
      int64_t y = patch / columns * a->stride_height + i / a->patch_width % a->patch_height - a->padding;
      int64_t x = patch % columns * a->stride_width + i % a->patch_width - a->padding;
      if (y < 0 || y >= a->height || x < 0 || x >= a->width) {
        continue;
      }
      int64_t place = (channel * a->height + y) * a->width + x;
      double term = (double)a->patch_gradient[(image * length + token) * depth + i];
      pixels->sum[place] += term;
      pixels->size[place] += fabs(term);
      pixels->patches[place]++;
    }
    patch += !is_class;
  }
}

static void check_image(const panamba_patches_gradient_args *a, int64_t image, int64_t length) {
  int64_t count = a->channels * a->height * a->width;
  pixel_sums pixels = {calloc((size_t)count, sizeof(double)), calloc((size_t)count, sizeof(double)),
                       calloc((size_t)count, sizeof(int64_t))};
  add_up(a, image, length, &pixels);
  for (int64_t i = 0; i < count; i++) {
    /* A rounding for each addition but the first, which is to zero. */
    double allowed = pixels.patches[i] > 1 ? (double)(pixels.patches[i] - 1) * 0x1p-24 * pixels.size[i] : 0;
    check_close("image_gradient", i, (double)a->image_gradient[image * count + i], pixels.sum[i], allowed);
  }
  free(pixels.sum);
  free(pixels.size);
  free(pixels.patches);
}

static void gradient_case(patch_shape s, placement where, int misalignment) {
  describe(
      "gradient of patches of %d of (%d, %d, %d) sides %d stride %d padding %d class tokens %d, placed %d misaligned "
      "%d",
      (int)s.batch, (int)s.channels, (int)s.height, (int)s.width, (int)s.patch, (int)s.stride, (int)s.padding,
      (int)s.class_tokens, where, misalignment);
  begin_case(where, misalignment);
  panamba_patches_gradient_args a = {.batch = s.batch,
                                     .channels = s.channels,
                                     .height = s.height,
                                     .width = s.width,
                                     .patch_height = s.patch,
                                     .patch_width = s.patch + 1,
                                     .stride_height = s.stride,
                                     .stride_width = s.stride + 2,
                                     .padding = s.padding,
                                     .class_tokens = s.class_tokens};
  int64_t rows = (a.height + 2 * a.padding - a.patch_height) / a.stride_height + 1;
  int64_t columns = (a.width + 2 * a.padding - a.patch_width) / a.stride_width + 1;
  int64_t length = rows * columns + a.class_tokens;
  int64_t depth = a.channels * a.patch_height * a.patch_width;
  for (int64_t i = 0; i < a.class_tokens; i++) {
    a.class_index[i] =
        i ? a.class_index[0] + 1 + draw(length - 1 - a.class_index[0]) : draw(length + 1 - a.class_tokens);
  }
  float *patch_gradient = take_filled(a.batch * length * depth, -1, 1);
  for (int64_t place = 0; place < a.batch * length; place++) {
    for (int64_t i = 0; i < a.class_tokens; i++) {
      if (a.class_index[i] == place % length) {
        patch_gradient[place * depth + draw(depth)] = NAN;
      }
    }
  }
  a.patch_gradient = patch_gradient;
  a.image_gradient = take_output(a.batch * a.channels * a.height * a.width);
  run_operation(PANAMBA_PATCHES_GRADIENT, &a);
  for (int64_t image = 0; image < a.batch; image++) {
    check_image(&a, image, length);
  }
  end_case();
}

#define GRADIENT(change) REFUSED(panamba_patches_gradient_args, PANAMBA_PATCHES_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_patches_gradient_args, PANAMBA_PATCHES_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("patches_gradient");
  panamba_patches_gradient_args a = {.patch_gradient = take_filled(6 * 48, -1, 1),
                                     .image_gradient = take_output(192),
                                     .batch = 1,
                                     .channels = 3,
                                     .height = 8,
                                     .width = 8,
                                     .patch_height = 4,
                                     .patch_width = 4,
                                     .stride_height = 4,
                                     .stride_width = 4,
                                     .class_tokens = 2,
                                     .class_index = {0, 5}};
  run_operation(PANAMBA_PATCHES_GRADIENT, &a);
  GRADIENT(patch_gradient = 0);
  GRADIENT(image_gradient = 0);
  GRADIENT(image_gradient = (float *)a.patch_gradient);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(channels);
  GRADIENT_SIZE(height);
  GRADIENT_SIZE(width);
  GRADIENT_SIZE(patch_height);
  GRADIENT_SIZE(patch_width);
  GRADIENT_SIZE(stride_height);
  GRADIENT_SIZE(stride_width);
  GRADIENT(patch_height = 9);
  GRADIENT(patch_width = 9);
  GRADIENT(class_tokens = -1);
  GRADIENT(class_tokens = PANAMBA_MAX_CLASS_TOKENS + 1);
  GRADIENT(class_index[0] = -1);
  GRADIENT(class_index[0] = 5);
  GRADIENT(class_index[1] = 6);
  GRADIENT(class_index[1] = 0);
  end_case();
}

static void test(void) {
  seed(38);
  for (int repeat = 0; repeat < THIN(300, 60); repeat++) {
    int64_t patch = 1 + draw(17);
    patch_shape s = {.batch = 1 + draw(3),
                     .channels = 1 + draw(4),
                     .height = patch + draw(40),
                     .width = patch + 1 + draw(20),
                     .patch = patch,
                     .stride = 1 + draw(patch + 2),
                     .class_tokens = draw(3),
                     .padding = draw(2) * draw(patch)};
    gradient_case(s, (placement)draw(3), 0);
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
