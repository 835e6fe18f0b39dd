/* Sums of parts, sums of squares, and the factor that clips a gradient. */
#include <math.h>

#include "harness.h"
#include "memory.h"

/* Sums of up to 64 parts are summed: a number goes through at most 63 roundings, and one per 64 parts. */
#define SUM_BOUND(count) ((double)(66 + (count) / 64) * 0x1p-24)

static void sum_case(int64_t count, int64_t width, placement where, int misalignment) {
  static const float accumulates[] = {0, 0, 1, 2};
  begin_case(where, misalignment);
  panamba_sum_args a = {.count = count,
                        .width = width,
                        .part_stride = width + draw(3),
                        .accumulate = PICK(accumulates),
                        .scale = draw(2) ? 1 : 0.25f};
  describe("sum of %d parts of %d, accumulate %g, placed %d misaligned %d", (int)count, (int)width,
           (double)a.accumulate, where, misalignment);
  a.parts = take_rows(count, width, a.part_stride, -1, 1);
  a.out = take_output(width);
  if (a.accumulate != 0) {
    fill(a.out, width, -1, 1);
  }
  run_operation(PANAMBA_SUM, &a);
  const float *before = before_run(a.out);
  for (int64_t i = 0; i < width; i++) {
    double sum = a.accumulate != 0 ? (double)a.accumulate * (double)before[i] : 0;
    double size = fabs(sum);
    for (int64_t p = 0; p < count; p++) {
      double term = (double)a.scale * (double)a.parts[p * a.part_stride + i];
      sum += term;
      size += fabs(term);
    }
    check_close("out", i, (double)a.out[i], sum, SUM_BOUND(count) * size);
  }
  end_case();
}

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

static void test(void) {
  static const int64_t counts[] = {1, 2, 3, 63, 64, 65, 128, 200};
  static const int64_t widths[] = {1, 3, 7, 8, 15, 16, 17, 63, 64, 65, 100, 384};
  static const int64_t lengths[] = {1, 2, 15, 16, 17, 31, 32, 33, 16383, 16384, 16385, 16390, 50000};
  seed(24);
  for (size_t c = 0; c < COUNT(counts); c++) {
    for (size_t w = 0; w < COUNT(widths); w++) {
      sum_case(counts[c], widths[w], IN_SENTINELS, (int)draw(4));
    }
  }
  for (int64_t width = 1; width <= 80; width++) {
    sum_case(1 + draw(5), width, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  for (size_t l = 0; l < COUNT(lengths); l++) {
    norm_case(lengths[l], 1, 1, draw(2) ? BEFORE_GUARD : AFTER_GUARD);
    norm_case(lengths[l], 1e-3, 100, IN_SENTINELS);
    norm_case(lengths[l], 10, INFINITY, IN_SENTINELS);
  }
  norm_case(100, 0, 1, IN_SENTINELS);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
