/* Linear layers against a plain product in double precision. */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "memory.h"

/*
 * An element is a chain of depth multiply-adds, then the bias and the accumulation: each rounds by at most half a unit
 * in the last place (2^-24) of what can't exceed the sum of the absolute terms.
 */
#define LINEAR_BOUND(depth) ((double)((depth) + 2) * 0x1p-24)

static const int64_t all_columns[] = {1, 7, 8, 15, 16, 17, 31, 32, 33, 44, 47, 48, 49, 95, 96, 97, 1000};
static const int64_t all_depths[] = {1, 2, 3, 12, 192, 384};
static const float accumulates[] = {0.0f, 1.0f, 2.0f, -0.5f};
static const int64_t gaps[] = {0, 0, 1, 7, 16};

typedef struct {
  int64_t rows;
  int64_t columns;
  int64_t depth;
  int64_t input_gap;
  int64_t out_gap;
  float accumulate;
  int biased;
} linear_shape;

static linear_shape draw_shape(int64_t rows, int64_t columns, int64_t depth) {
  return (linear_shape){.rows = rows,
                        .columns = columns,
                        .depth = depth,
                        .input_gap = PICK(gaps),
                        .out_gap = PICK(gaps),
                        .accumulate = PICK(accumulates),
                        .biased = draw(2) == 0};
}

/* The arguments of a case; `*weight` is the matrix before packing. */
static panamba_linear_args take_arguments(const linear_shape *s, float **weight) {
  panamba_linear_args args = {.rows = s->rows,
                              .depth = s->depth,
                              .columns = s->columns,
                              .input_row_stride = s->depth + s->input_gap,
                              .out_row_stride = s->columns + s->out_gap,
                              .accumulate = s->accumulate,
                              .dtype = PANAMBA_F32,
                              .out_dtype = PANAMBA_F32};
  args.input = take_rows(s->rows, s->depth, args.input_row_stride, -1, 1);
  *weight = take_filled(s->columns * s->depth, -1, 1);
  args.weight = take_packed(*weight, s->columns, s->depth);
  args.bias = s->biased ? take_filled(s->columns, -1, 1) : 0;
  float *out = take_output((s->rows - 1) * args.out_row_stride + s->columns);
  args.out = out;
  for (int64_t row = 0; row < s->rows && s->accumulate != 0; row++) {
    fill(out + row * args.out_row_stride, s->columns, -1, 1);
  }
  return args;
}

static void check_product(const panamba_linear_args *args, const float *weight) {
  const float *input = args->input;
  const float *out = args->out;
  const float *before = before_run(out);
  for (int64_t row = 0; row < args->rows; row++) {
    for (int64_t column = 0; column < args->columns; column++) {
      double sum = args->bias ? (double)args->bias[column] : 0;
      double magnitude = fabs(sum);
      for (int64_t k = 0; k < args->depth; k++) {
        double term = (double)input[row * args->input_row_stride + k] * (double)weight[column * args->depth + k];
        sum += term;
        magnitude += fabs(term);
      }
      int64_t place = row * args->out_row_stride + column;
      if (args->accumulate != 0) {
        double term = (double)args->accumulate * (double)before[place];
        sum += term;
        magnitude += fabs(term);
      }
      check_close("out", place, (double)out[place], sum, LINEAR_BOUND(args->depth) * magnitude);
    }
  }
  check_gaps("the gap between rows of out", out, args->rows, args->columns, args->out_row_stride);
}

static void linear_case(linear_shape s, placement where, int misalignment) {
  describe("linear rows %d columns %d depth %d gaps %d and %d accumulate %g bias %d, placed %d misaligned %d",
           (int)s.rows, (int)s.columns, (int)s.depth, (int)s.input_gap, (int)s.out_gap, (double)s.accumulate, s.biased,
           where, misalignment);
  begin_case(where, misalignment);
  float *weight;
  panamba_linear_args args = take_arguments(&s, &weight);
  run_operation(PANAMBA_LINEAR, &args);
  check_product(&args, weight);
  end_case();
}

static void sweep_shapes(void) {
  for (int64_t rows = 1; rows <= 20; rows++) {
    for (size_t c = 0; c < COUNT(all_columns); c++) {
      for (size_t d = (size_t)draw(THIN(1, 3)); d < COUNT(all_depths); d += THIN(1, 3)) {
        linear_case(draw_shape(rows, all_columns[c], all_depths[d]), IN_SENTINELS, (int)draw(4));
      }
    }
  }
}

/* Around the height of a tile, and several tiles high. */
static void sweep_heights(void) {
  static const int64_t rows[] = {71, 72, 73, 144, 145, 197};
  static const int64_t columns[] = {1, 47, 48, 49, 400};
  for (size_t r = 0; r < COUNT(rows); r++) {
    for (size_t c = 0; c < COUNT(columns); c++) {
      linear_case(draw_shape(rows[r], columns[c], draw(2) ? 12 : 192), IN_SENTINELS, (int)draw(4));
    }
  }
}

static void sweep_guards(void) {
  static const int64_t depths[] = {1, 2, 3, 5, 17};
  for (int64_t rows = 1; rows <= 20; rows++) {
    for (int64_t columns = 1; columns <= 100; columns += 1 + draw(THIN(2, 8))) {
      linear_case(draw_shape(rows, columns, PICK(depths)), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
}

/* A row has the bits that it has alone, whatever its neighbours are. */
static void rows_are_independent(void) {
  static const int64_t heights[] = {2, 3, 5, 9, 10, 19, 75};
  for (size_t h = 0; h < COUNT(heights); h++) {
    linear_shape s = {.rows = heights[h], .columns = 97, .depth = 37, .out_gap = 3, .accumulate = 2, .biased = 1};
    describe("linear, each of %d rows alone", (int)s.rows);
    begin_case(IN_SENTINELS, 1);
    float *weight;
    panamba_linear_args args = take_arguments(&s, &weight);
    float *alone = take_output(s.columns);
    run_operation(PANAMBA_LINEAR, &args);
    for (int64_t row = 0; row < s.rows; row++) {
      const float *out = (float *)args.out + row * args.out_row_stride;
      memcpy(alone, before_run(args.out) + row * args.out_row_stride, (size_t)s.columns * sizeof(float));
      panamba_linear_args one = args;
      one.input = (const float *)args.input + row * args.input_row_stride;
      one.out = alone;
      one.rows = 1;
      panamba_step step = {&one, PANAMBA_LINEAR, 0};
      CHECK(panamba_run(executor_of(1), &step, 1, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
      check_same_bits("row", out, alone, s.columns);
    }
    end_case();
  }
}

/* NaN in a row of the input or of the weight stays in that row or column of the result. */
static void nan_stays_in_its_row_and_column(void) {
  linear_shape s = {.rows = 11, .columns = 53, .depth = 5, .biased = 1};
  describe("linear with NaN");
  for (int64_t bad = 0; bad < s.rows; bad++) {
    begin_case(IN_SENTINELS, 0);
    panamba_linear_args args = {.rows = s.rows,
                                .depth = s.depth,
                                .columns = s.columns,
                                .input_row_stride = s.depth,
                                .out_row_stride = s.columns};
    float *input = take_filled(s.rows * s.depth, -1, 1);
    float *weight = take_filled(s.columns * s.depth, -1, 1);
    input[bad * s.depth + draw(s.depth)] = NAN;
    int64_t bad_column = draw(s.columns);
    weight[bad_column * s.depth + draw(s.depth)] = NAN;
    args.input = input;
    args.weight = take_packed(weight, s.columns, s.depth);
    args.out = take_output(s.rows * s.columns);
    run_operation(PANAMBA_LINEAR, &args);
    check_product(&args, weight);
    for (int64_t row = 0; row < s.rows; row++) {
      for (int64_t column = 0; column < s.columns; column++) {
        float value = ((float *)args.out)[row * s.columns + column];
        CHECK((isnan(value) != 0) == (row == bad || column == bad_column), "out[%d][%d] is %g", (int)row, (int)column,
              (double)value);
      }
    }
    end_case();
  }
}

static void test(void) {
  seed(1);
  sweep_shapes();
  sweep_heights();
  sweep_guards();
  rows_are_independent();
  nan_stays_in_its_row_and_column();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
