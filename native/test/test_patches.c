/* Patches as rows, number by number. */
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

static void patches_case(patch_shape s, placement where, int misalignment) {
  describe("patches of %d of (%d, %d, %d) sides %d stride %d padding %d class tokens %d, placed %d misaligned %d",
           (int)s.batch, (int)s.channels, (int)s.height, (int)s.width, (int)s.patch, (int)s.stride, (int)s.padding,
           (int)s.class_tokens, where, misalignment);
  begin_case(where, misalignment);
  panamba_patches_args a = {.batch = s.batch,
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
  a.image = take_filled(a.batch * a.channels * a.height * a.width, -1, 1);
  a.out = take_output(a.batch * length * depth);
  run_operation(PANAMBA_PATCHES, &a);
  for (int64_t image = 0; image < a.batch; image++) {
    int64_t patch = 0;
    for (int64_t token = 0; token < length; token++) {
      int is_class = 0;
      for (int64_t i = 0; i < a.class_tokens; i++) {
        is_class |= a.class_index[i] == token;
      }
      for (int64_t i = 0; i < depth; i++) {
        int64_t channel = i / (a.patch_height * a.patch_width);
        int64_t y = patch / columns * a.stride_height + i / a.patch_width % a.patch_height - a.padding;
        int64_t x = patch % columns * a.stride_width + i % a.patch_width - a.padding;
        int inside = y >= 0 && y < a.height && x >= 0 && x < a.width;
        float wanted = is_class || !inside ? 0 : a.image[((image * a.channels + channel) * a.height + y) * a.width + x];
        int64_t place = (image * length + token) * depth + i;
        CHECK(a.out[place] == wanted, "out[%d] is %g, not %g", (int)place, (double)a.out[place], (double)wanted);
      }
      patch += !is_class;
    }
  }
  end_case();
}

#define PATCHES(change) REFUSED(panamba_patches_args, PANAMBA_PATCHES, a, change)
#define PATCHES_SIZE(field) REFUSED_SIZE(panamba_patches_args, PANAMBA_PATCHES, a, field)

static void refusals(void) {
  begin_refusals("patches");
  panamba_patches_args a = {.image = take_filled(192, -1, 1),
                            .out = take_output(6 * 48),
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
  run_operation(PANAMBA_PATCHES, &a);
  PATCHES(image = 0);
  PATCHES(out = 0);
  PATCHES(out = (float *)a.image);
  PATCHES_SIZE(batch);
  PATCHES_SIZE(channels);
  PATCHES_SIZE(height);
  PATCHES_SIZE(width);
  PATCHES_SIZE(patch_height);
  PATCHES_SIZE(patch_width);
  PATCHES_SIZE(stride_height);
  PATCHES_SIZE(stride_width);
  PATCHES(patch_height = 9);
  PATCHES(patch_width = 9);
  PATCHES(padding = -1);
  PATCHES(padding = 4);
  PATCHES(class_tokens = -1);
  PATCHES(class_tokens = PANAMBA_MAX_CLASS_TOKENS + 1);
  PATCHES(class_index[0] = -1);
  PATCHES(class_index[0] = 5);
  PATCHES(class_index[1] = 6);
  PATCHES(class_index[1] = 0);
  end_case();
}

static void test(void) {
  seed(26);
  for (int repeat = 0; repeat < THIN(300, 60); repeat++) {
    int64_t patch = 1 + draw(17);
    patch_shape s = {.batch = 1 + draw(3),
                     .channels = 1 + draw(4),
                     .height = patch + draw(20),
                     .width = patch + 1 + draw(20),
                     .patch = patch,
                     .stride = 1 + draw(patch),
                     .class_tokens = draw(3),
                     .padding = draw(2) * draw(patch)};
    patches_case(s, (placement)draw(3), 0);
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
