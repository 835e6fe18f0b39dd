/* The norm of a gradient and the factor that clips it, from sums of squares, against double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Each of 32 chains or fewer adds up to PANAMBA_SQUARES_PART / 8 squares; parts are summed in double precision. */
#define NORM_BOUND 2e-5

static void norm_case(int64_t count, double size, float limit, placement where) {
  int64_t parts = (count + PANAMBA_SQUARES_PART - 1) / PANAMBA_SQUARES_PART;
  describe("norm of %d numbers to %g, limit %g", (int)count, size, (double)limit);
  begin_case(where, 0);
  panamba_squares_args s = {.x = take_filled(count, -size, size), .parts = take_output(parts), .count = count};
  panamba_clip_args c = {.parts = s.parts, .result = take_output(2), .count = parts, .limit = limit};
  run_operation(PANAMBA_SQUARES, &s);
  run_operation(PANAMBA_CLIP, &c);
  double sum = 0;
  for (int64_t i = 0; i < count; i++) {
    sum += (double)s.x[i] * (double)s.x[i];
  }
  double norm = sqrt(sum);
  double factor = fmin(1, (double)limit / (norm + 1e-6));
  check_close("norm", 0, (double)c.result[0], norm, NORM_BOUND * norm);
  check_close("factor", 1, (double)c.result[1], factor, NORM_BOUND * factor);
  end_case();
}

#define CLIP(change) REFUSED(panamba_clip_args, PANAMBA_CLIP, a, change)

static void refusals(void) {
  begin_refusals("clip");
  panamba_clip_args a = {.parts = take_filled(3, 0, 1), .result = take_output(2), .count = 3, .limit = 1};
  run_operation(PANAMBA_CLIP, &a);
  CLIP(parts = 0);
  CLIP(result = 0);
  CLIP(result = (float *)a.parts);
  REFUSED_SIZE(panamba_clip_args, PANAMBA_CLIP, a, count);
  CLIP(limit = 0);
  CLIP(limit = -1);
  CLIP(limit = NAN);
  CLIP(reserved = 1);
  end_case();
}

static void test(void) {
  static const int64_t lengths[] = {1, 2, 15, 16, 17, 31, 32, 33, 16383, 16384, 16385, 16390, 50000};
  seed(24);
  for (size_t l = 0; l < COUNT(lengths); l++) {
    norm_case(lengths[l], 1, 1, draw(2) ? BEFORE_GUARD : AFTER_GUARD);
    norm_case(lengths[l], 1e-3, 100, IN_SENTINELS);
    norm_case(lengths[l], 10, INFINITY, IN_SENTINELS);
  }
  norm_case(100, 0, 1, IN_SENTINELS);
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
