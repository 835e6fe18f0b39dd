/* Sums of parts, against double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

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

#define SUM(change) REFUSED(panamba_sum_args, PANAMBA_SUM, a, change)

static void refusals(void) {
  begin_refusals("sum");
  panamba_sum_args a = {
      .parts = take_filled(6, -1, 1), .out = take_output(3), .count = 2, .width = 3, .part_stride = 3, .scale = 1};
  run_operation(PANAMBA_SUM, &a);
  SUM(parts = 0);
  SUM(out = 0);
  SUM(out = (float *)a.parts);
  REFUSED_SIZE(panamba_sum_args, PANAMBA_SUM, a, count);
  REFUSED_SIZE(panamba_sum_args, PANAMBA_SUM, a, width);
  SUM(part_stride = 2);
  SUM(part_stride = -3);
  SUM(part_stride = INT64_MAX);
  end_case();
}

static void test(void) {
  static const int64_t counts[] = {1, 2, 3, 63, 64, 65, 128, 200};
  static const int64_t widths[] = {1, 3, 7, 8, 15, 16, 17, 63, 64, 65, 100, 384};
  seed(24);
  for (size_t c = 0; c < COUNT(counts); c++) {
    for (size_t w = 0; w < COUNT(widths); w++) {
      sum_case(counts[c], widths[w], IN_SENTINELS, (int)draw(4));
    }
  }
  for (int64_t width = 1; width <= 80; width++) {
    sum_case(1 + draw(5), width, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
