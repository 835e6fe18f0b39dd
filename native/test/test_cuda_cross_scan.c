/* What the CUDA library's cross scan has beyond panamba.h: walks in turn or at the same time, segments, a workspace. */
#include <string.h>

#include "cross_case.h"
#include "cuda_program.h"
#include "harness.h"
#include "panamba_cuda.h"

/* Images that make narrow blocks of one walk, blocks of a warp's channels of one walk, and blocks of all walks, on a GPU
 * of 132 multiprocessors; on others there are other limits. */
static const int64_t batches[] = {2, 70, 270};

/* Images of any batch are within the bounds, and have the bits that they have alone. */
static void batches_are_alike(void) {
  static const int64_t sizes[][2] = {{1, 1}, {7, 7}, {3, 5}, {5, 3}, {1, 20}, {14, 20}};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    for (size_t b = 0; b < COUNT(batches); b++) {
      int64_t length = sizes[i][0] * sizes[i][1];
      cross_shape s =
          draw_cross_shape(batches[b], sizes[i][0], sizes[i][1], 1 + draw(32), length > 50 ? 1 : 1 + draw(3));
      describe_cross("batches", &s, IN_SENTINELS, 0);
      begin_case(IN_SENTINELS, 0);
      panamba_cross_scan_args args = take_cross(&s, &ordinary_ranges);
      int64_t count = length * s.channels;
      float *alone = take_output(count);
      run_operation(PANAMBA_CROSS_SCAN, &args);
      check_cross(&args);
      int64_t image = draw(s.batch);
      panamba_cross_scan_args one = args;
      one.batch = 1;
      one.u = place_of(args.u, s.dtype, image * count);
      one.projected = args.projected + image * length * args.projected_row_stride;
      one.out = alone;
      run_operation(PANAMBA_CROSS_SCAN, &one);
      check_same_bits("image", alone, args.out + image * count, count);
      end_case();
    }
  }
}

/* More ranks than shared memory has room for, with rows that can be copied by four, two and one numbers, and segments of
 * 7, 14 and 16 pixels. */
static void ranks(void) {
  static const int64_t all_ranks[] = {61, 62, 63, 64, 65, 66, 68, 127, 128, 129, 130, 131, 193};
  static const int64_t sizes[][2] = {{7, 7}, {14, 3}, {16, 2}};
  for (size_t r = 0; r < COUNT(all_ranks); r++) {
    for (size_t i = 0; i < COUNT(sizes); i++) {
      cross_shape s = draw_cross_shape(1, sizes[i][0], sizes[i][1], 1 + draw(40), 1 + draw(2));
      s.dt_rank = all_ranks[r];
      describe_cross("ranks", &s, BEFORE_GUARD, 0);
      begin_case(BEFORE_GUARD, 0);
      panamba_cross_scan_args args = take_cross(&s, &ordinary_ranges);
      run_operation(PANAMBA_CROSS_SCAN, &args);
      check_cross(&args);
      end_case();
    }
  }
}

static int64_t workspace_of(const panamba_cross_scan_args *args) {
  panamba_step step = {args, PANAMBA_CROSS_SCAN, 0};
  return panamba_cuda_workspace(&step);
}

static void check_status(const panamba_cross_scan_args *args, int32_t wanted, const char *named) {
  panamba_step step = {args, PANAMBA_CROSS_SCAN, 0};
  int32_t status = panamba_cuda_run(&step, 0, 0);
  CHECK(status == wanted, "status %d, not %d", status, wanted);
  CHECK(strstr(panamba_cuda_message(), named), "'%s' is not in '%s'", named, panamba_cuda_message());
}

static void workspaces(void) {
  describe("workspaces");
  float numbers[4] = {0, 0, 0, 0};
  panamba_cross_scan_args args = {.u = numbers,
                                  .projected = numbers,
                                  .dt_weight = numbers,
                                  .a = numbers,
                                  .out = numbers + 1,
                                  .batch = 1,
                                  .height = 7,
                                  .width = 7,
                                  .channels = 33,
                                  .states = 1,
                                  .dt_rank = 6,
                                  .projected_row_stride = 32};
  CHECK(workspace_of(&args) == 3 * 16 * 405, "planes of three walks, in whole 16 bytes");
  check_status(&args, PANAMBA_INVALID_ARGUMENT, "a workspace of 19440 bytes aligned to 16");
  panamba_cross_scan_args changed = args;
  changed.batch = 100000;
  CHECK(workspace_of(&changed) == 0, "walks in turn need none");
  changed = args;
  changed.saved_states = numbers;
  changed.saved_interval = 1;
  CHECK(workspace_of(&changed) == -1, "saved states");
  check_status(&changed, PANAMBA_UNSUPPORTED, "cross_scan: training's saved states are the CPU's");
  changed = args;
  changed.height = 1 << 14;
  changed.width = 1 << 14;
  CHECK(workspace_of(&changed) == -1, "an image of 2^28 pixels");
  check_status(&changed, PANAMBA_INVALID_ARGUMENT, "too large for one call");
  changed = args;
  changed.walks = 3;
  CHECK(workspace_of(&changed) == -1, "no such walks");
  check_status(&changed, PANAMBA_INVALID_ARGUMENT, "cross_scan: not so: a->walks");
}

static void test(void) {
  seed(43);
  batches_are_alike();
  ranks();
  workspaces();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
