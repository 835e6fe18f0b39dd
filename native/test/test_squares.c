/* Sums of squares, each against double precision. */
#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Relative, of positive terms: each of 32 chains or fewer adds up to PANAMBA_SQUARES_PART / 8 squares. */
#define SQUARES_BOUND 2e-5

static void squares_case(int64_t count, placement where, int misalignment) {
  int64_t parts = (count + PANAMBA_SQUARES_PART - 1) / PANAMBA_SQUARES_PART;
  describe("squares of %d numbers, placed %d misaligned %d", (int)count, where, misalignment);
  begin_case(where, misalignment);
  panamba_squares_args a = {.x = take_filled(count, -1, 1), .parts = take_output(parts), .count = count};
  run_operation(PANAMBA_SQUARES, &a);
  for (int64_t p = 0; p < parts; p++) {
    double sum = 0;
    for (int64_t i = p * PANAMBA_SQUARES_PART; i < count && i < (p + 1) * PANAMBA_SQUARES_PART; i++) {
      sum += (double)a.x[i] * (double)a.x[i];
    }
    check_close("part", p, (double)a.parts[p], sum, SQUARES_BOUND * sum);
  }
  end_case();
}

#define SQUARES(change) REFUSED(panamba_squares_args, PANAMBA_SQUARES, a, change)

static void refusals(void) {
  begin_refusals("squares");
  panamba_squares_args a = {.x = take_filled(3, -1, 1), .parts = take_output(1), .count = 3};
  run_operation(PANAMBA_SQUARES, &a);
  SQUARES(x = 0);
  SQUARES(parts = 0);
  SQUARES(parts = (float *)a.x);
  REFUSED_SIZE(panamba_squares_args, PANAMBA_SQUARES, a, count);
  end_case();
}

static void test(void) {
  static const int64_t counts[] = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 16383, 16384, 16385, 50000};
  seed(26);
  for (size_t c = 0; c < COUNT(counts); c++) {
    squares_case(counts[c], IN_SENTINELS, (int)draw(4));
    squares_case(counts[c], draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
