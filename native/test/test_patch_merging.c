/* Patch merging and its reverse, number by number. */
#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* The reverse belongs to training, which is the processor's. */
#if defined(PANAMBA_TEST_CUDA)
#define DIRECTIONS 1
#else
#define DIRECTIONS 2
#endif

static void merging_case(int64_t height, int64_t width, int64_t channels, int reversed, placement where) {
  describe("patch merging of %d x %d x %d reversed %d, placed %d", (int)height, (int)width, (int)channels, reversed,
           where);
  begin_case(where, 0);
  panamba_patch_merging_args a = {
      .batch = 1 + draw(3), .height = height, .width = width, .channels = channels, .reversed = reversed};
  int64_t rows = (height + 1) / 2;
  int64_t columns = (width + 1) / 2;
  int64_t count = a.batch * height * width * channels;
  int64_t merged = a.batch * rows * columns * 4 * channels;
  a.x = reversed ? take_output(count) : take_filled(count, -1, 1);
  a.out = reversed ? take_filled(merged, -1, 1) : take_output(merged);
  run_operation(PANAMBA_PATCH_MERGING, &a);
  /* The order of torch.cat in PatchMerging2D: (row, column) 00, 10, 01, 11. */
  static const int64_t row_of[] = {0, 1, 0, 1};
  static const int64_t column_of[] = {0, 0, 1, 1};
  for (int64_t i = 0; i < merged; i++) {
    int64_t part = i / channels % 4;
    int64_t x = i / (4 * channels) % columns * 2 + column_of[part];
    int64_t y = i / (4 * channels * columns) % rows * 2 + row_of[part];
    int64_t image = i / (4 * channels * columns * rows);
    if (y < height && x < width) {
      int64_t pixel = ((image * height + y) * width + x) * channels + i % channels;
      CHECK(a.x[pixel] == a.out[i], "x[%d] is %g, out[%d] %g", (int)pixel, (double)a.x[pixel], (int)i,
            (double)a.out[i]);
    } else {
      CHECK(reversed || a.out[i] == 0, "out[%d] is %g, not 0", (int)i, (double)a.out[i]);
    }
  }
  end_case();
}

#define MERGING(change) REFUSED(panamba_patch_merging_args, PANAMBA_PATCH_MERGING, a, change)
#define MERGING_SIZE(field) REFUSED_SIZE(panamba_patch_merging_args, PANAMBA_PATCH_MERGING, a, field)

static void refusals(void) {
  begin_refusals("patch_merging");
  panamba_patch_merging_args a = {
      .x = take_filled(24, -1, 1), .out = take_output(32), .batch = 1, .height = 2, .width = 3, .channels = 4};
  run_operation(PANAMBA_PATCH_MERGING, &a);
  MERGING(x = 0);
  MERGING(out = 0);
  MERGING(out = a.x);
  MERGING_SIZE(batch);
  MERGING_SIZE(height);
  MERGING_SIZE(width);
  MERGING_SIZE(channels);
  MERGING(reversed = 2);
  MERGING(reversed = -1);
  MERGING(reserved = 1);
  end_case();
}

static void test(void) {
  seed(34);
  for (int64_t height = 1; height <= 5; height++) {
    for (int64_t width = 1; width <= 5; width++) {
      for (int reversed = 0; reversed < DIRECTIONS; reversed++) {
        merging_case(height, width, 1 + draw(20), reversed, (placement)draw(3));
      }
    }
  }
  /* Lines of several blocks on a GPU, and rows of several passes. */
  merging_case(3, 67, 36, 0, IN_SENTINELS);
  merging_case(2, 3, 516, 0, IN_SENTINELS);
  merging_case(2, 3, 1031, 0, IN_SENTINELS);
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
