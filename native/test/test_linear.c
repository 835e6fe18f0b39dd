/* Linear layers against a plain product in double precision. */
#include <math.h>
#include <string.h>

#include "gelu.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "relu.h"
#include "silu.h"

/*
 * An element is a chain of depth multiply-adds, then the bias and the accumulation: each rounds by at most half a unit
 * in the last place (2^-24) of what can't exceed the sum of the absolute terms. Products of bfloat16 are exact, and so
 * is the pair that an odd depth is filled up with.
 */
#define LINEAR_BOUND(depth) ((double)((depth) + 2) * 0x1p-24)

static const int64_t all_columns[] = {1, 7, 8, 15, 16, 17, 31, 32, 33, 44, 47, 48, 49, 95, 96, 97, 1000};
static const int64_t all_depths[] = {1, 2, 3, 12, 37, 192, 384};
static const float accumulates[] = {0.0f, 1.0f, 2.0f, -0.5f};
static const int64_t gaps[] = {0, 0, 1, 7, 16};

/* Of the input and the weight, and of the result. */
static const int32_t all_types[][2] = {
    {PANAMBA_F32, PANAMBA_F32}, {PANAMBA_BF16, PANAMBA_F32}, {PANAMBA_BF16, PANAMBA_BF16}, {PANAMBA_F32, PANAMBA_BF16}};

typedef struct {
  int64_t rows;
  int64_t columns;
  int64_t depth;
  int64_t input_gap;
  int64_t out_gap;
  float accumulate;
  int biased;
  int32_t dtype;
  int32_t out_dtype;
  int32_t activation;
  int32_t multiply; /* where nothing is accumulated, and nothing activated */
} linear_shape;

static int32_t draw_activation(void) { return PANAMBA_ACTIVATION_SILU + (int32_t)draw(3); }

/* `type` counts through all_types, over and over. */
static linear_shape draw_shape(int64_t rows, int64_t columns, int64_t depth, size_t type) {
  return (linear_shape){.rows = rows,
                        .columns = columns,
                        .depth = depth,
                        .input_gap = PICK(gaps),
                        .out_gap = PICK(gaps),
                        .accumulate = PICK(accumulates),
                        .biased = draw(2) == 0,
                        .dtype = all_types[type % COUNT(all_types)][0],
                        .out_dtype = all_types[type % COUNT(all_types)][1],
                        .activation = draw(3) ? PANAMBA_ACTIVATION_NONE : draw_activation(),
                        .multiply = draw(3) == 0};
}

/* The arguments of a case; `*weight` is the matrix before packing. */
static panamba_linear_args take_arguments(const linear_shape *s, float **weight) {
  panamba_linear_args args = {.rows = s->rows,
                              .depth = s->depth,
                              .columns = s->columns,
                              .input_row_stride = s->depth + s->input_gap,
                              .out_row_stride = s->columns + s->out_gap,
                              .accumulate = s->accumulate,
                              .dtype = s->dtype,
                              .out_dtype = s->out_dtype,
                              .activation = s->activation,
                              .multiply = s->multiply && s->accumulate == 0 && !s->activation};
  args.input = take_rows_of(s->dtype, s->rows, s->depth, args.input_row_stride, -1, 1);
  *weight = take_filled(s->columns * s->depth, -1, 1);
  args.weight = take_packed_of(s->dtype, *weight, s->columns, s->depth);
  args.bias = s->biased ? take_filled(s->columns, -1, 1) : 0;
  args.out = take_output_of(s->out_dtype, (s->rows - 1) * args.out_row_stride + s->columns);
  for (int64_t row = 0; row < s->rows && (s->accumulate != 0 || args.multiply); row++) {
    fill_elements(args.out, s->out_dtype, row * args.out_row_stride, s->columns, -1, 1);
  }
  return args;
}

/* The largest of all_columns and all_depths. */
#define MOST_COLUMNS 1000
#define MOST_DEPTH 384

static void check_product(const panamba_linear_args *args, const float *weight) {
  static double rounded_weight[MOST_COLUMNS * MOST_DEPTH];
  double input[MOST_DEPTH];
  const void *before = before_run(args->out);
  for (int64_t i = 0; i < args->columns * args->depth; i++) {
    rounded_weight[i] = rounded(args->dtype, weight[i]);
  }
  for (int64_t row = 0; row < args->rows; row++) {
    for (int64_t k = 0; k < args->depth; k++) {
      input[k] = element(args->input, args->dtype, row * args->input_row_stride + k);
    }
    for (int64_t column = 0; column < args->columns; column++) {
      double sum = args->bias ? (double)args->bias[column] : 0;
      double magnitude = fabs(sum);
      for (int64_t k = 0; k < args->depth; k++) {
        double term = input[k] * rounded_weight[column * args->depth + k];
        sum += term;
        magnitude += fabs(term);
      }
      int64_t place = row * args->out_row_stride + column;
      if (args->accumulate != 0) {
        double term = (double)args->accumulate * element(before, args->out_dtype, place);
        sum += term;
        magnitude += fabs(term);
      }
      double allowed = LINEAR_BOUND(args->depth) * magnitude;
      if (args->multiply) {
        double factor = element(before, args->out_dtype, place);
        sum *= factor;
        allowed = allowed * fabs(factor) + fabs(sum) * 0x1p-24;
      }
      if (args->activation == PANAMBA_ACTIVATION_SILU) {
        check_element("activated", args->out, args->out_dtype, place, silu(sum), silu_error(sum, allowed));
      } else if (args->activation == PANAMBA_ACTIVATION_GELU) {
        check_element("gelu", args->out, args->out_dtype, place, gelu(sum), gelu_error(sum, allowed));
      } else if (args->activation == PANAMBA_ACTIVATION_RELU) {
        check_element("relu", args->out, args->out_dtype, place, relu(sum), allowed);
      } else {
        check_element("out", args->out, args->out_dtype, place, sum, allowed);
      }
    }
  }
  check_gaps("the gap between rows of out", args->out, args->out_dtype, args->rows, args->columns,
             args->out_row_stride);
}

static void linear_case(linear_shape s, placement where, int misalignment) {
  describe(
      "linear rows %d columns %d depth %d gaps %d and %d accumulate %g bias %d dtypes %d and %d activation %d "
      "multiply %d, placed %d misaligned %d",
      (int)s.rows, (int)s.columns, (int)s.depth, (int)s.input_gap, (int)s.out_gap, (double)s.accumulate, s.biased,
      s.dtype, s.out_dtype, s.activation, s.multiply, where, misalignment);
  begin_case(where, misalignment);
  float *weight;
  panamba_linear_args args = take_arguments(&s, &weight);
  run_operation(PANAMBA_LINEAR, &args);
  check_product(&args, weight);
  end_case();
}

/* Every number of rows and every tail of columns with every type, and in bfloat16 at depths even and odd. */
static void sweep_shapes(void) {
  for (int64_t rows = 1; rows <= 20; rows++) {
    for (size_t c = 0; c < COUNT(all_columns); c++) {
      for (size_t d = (size_t)draw(THIN(1, 3)); d < COUNT(all_depths); d += THIN(1, 3)) {
        linear_case(draw_shape(rows, all_columns[c], all_depths[d], (size_t)rows + c + d), IN_SENTINELS, (int)draw(4));
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
      linear_case(draw_shape(rows[r], columns[c], draw(2) ? 13 : 192, r + c), IN_SENTINELS, (int)draw(4));
    }
  }
}

static void sweep_guards(void) {
  static const int64_t depths[] = {1, 2, 3, 5, 17};
  for (int64_t rows = 1; rows <= 20; rows++) {
    for (int64_t columns = 1; columns <= 100; columns += 1 + draw(THIN(2, 8))) {
      linear_case(draw_shape(rows, columns, PICK(depths), (size_t)draw(4)), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
}

/* Sums far out on both sides of an activation. */
static void far_activations(void) {
  static const double sizes[] = {3, 10, 100, 1e10};
  for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
    for (size_t type = 0; type < COUNT(all_types); type++) {
      double size = sizes[i / 2];
      linear_shape s = draw_shape(11, 53, 5, type);
      s.activation = PANAMBA_ACTIVATION_SILU + (int32_t)(i % 3);
      describe("linear with activation %d of numbers to %g, dtypes %d and %d", s.activation, size, s.dtype,
               s.out_dtype);
      begin_case(IN_SENTINELS, 0);
      float *weight;
      panamba_linear_args args = take_arguments(&s, &weight);
      for (int64_t row = 0; row < s.rows; row++) {
        fill_elements((void *)args.input, s.dtype, row * args.input_row_stride, s.depth, -size, size);
      }
      run_operation(PANAMBA_LINEAR, &args);
      check_product(&args, weight);
      end_case();
    }
  }
}

/* A row has the bits that it has alone, whatever its neighbours are. */
static void rows_are_independent(void) {
  static const int64_t heights[] = {2, 3, 5, 9, 10, 19, 75};
  for (size_t i = 0; i < COUNT(heights) * COUNT(all_types); i++) {
    linear_shape s = draw_shape(heights[i / COUNT(all_types)], 97, 37, i);
    describe("linear, each of %d rows alone, dtypes %d and %d activation %d", (int)s.rows, s.dtype, s.out_dtype,
             s.activation);
    begin_case(IN_SENTINELS, 1);
    float *weight;
    panamba_linear_args args = take_arguments(&s, &weight);
    void *alone = take_output_of(s.out_dtype, s.columns);
    run_operation(PANAMBA_LINEAR, &args);
    for (int64_t row = 0; row < s.rows; row++) {
      int64_t place = row * args.out_row_stride;
      memcpy(alone, place_of(before_run(args.out), s.out_dtype, place), (size_t)(s.columns * bytes_of(s.out_dtype)));
      panamba_linear_args one = args;
      one.input = place_of(args.input, s.dtype, row * args.input_row_stride);
      one.out = alone;
      one.rows = 1;
      panamba_step step = {&one, PANAMBA_LINEAR, 0};
      CHECK(panamba_run(executor_of(1), &step, 1, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
      check_same_elements("row", s.out_dtype, place_of(args.out, s.out_dtype, place), alone, s.columns);
    }
    end_case();
  }
}

/* NaN in a row of the input or of the weight stays in that row or column of the result. */
static void nan_stays_in_its_row_and_column(void) {
  for (int64_t i = 0; i < 44; i++) {
    linear_shape s = draw_shape(11, 53, 5, (size_t)i);
    s.input_gap = s.out_gap = 0;
    s.activation = i / 4 % 2 ? draw_activation() : PANAMBA_ACTIVATION_NONE;
    int64_t bad = i / 4;
    describe("linear with NaN in row %d, dtypes %d and %d", (int)bad, s.dtype, s.out_dtype);
    begin_case(IN_SENTINELS, 0);
    float *weight;
    panamba_linear_args args = take_arguments(&s, &weight);
    int64_t bad_column = draw(s.columns);
    set_element((void *)args.input, s.dtype, bad * s.depth + draw(s.depth), NAN);
    weight[bad_column * s.depth + draw(s.depth)] = NAN;
    args.weight = take_packed_of(s.dtype, weight, s.columns, s.depth);
    run_operation(PANAMBA_LINEAR, &args);
    check_product(&args, weight);
    for (int64_t place = 0; place < s.rows * s.columns; place++) {
      double value = element(args.out, s.out_dtype, place);
      int wanted = place / s.columns == bad || place % s.columns == bad_column;
      CHECK((isnan(value) != 0) == wanted, "out[%d] is %g", (int)place, value);
    }
    end_case();
  }
}

#define LINEAR(change) REFUSED(panamba_linear_args, PANAMBA_LINEAR, a, change)
#define LINEAR_SIZE(field) REFUSED_SIZE(panamba_linear_args, PANAMBA_LINEAR, a, field)

static void refusals(void) {
  begin_refusals("linear");
  panamba_linear_args a = innocent;
  run_operation(PANAMBA_LINEAR, &a);
  LINEAR(input = 0);
  LINEAR(weight = 0);
  LINEAR(out = 0);
  LINEAR(out = (void *)a.input);
  LINEAR_SIZE(rows);
  LINEAR_SIZE(depth);
  LINEAR_SIZE(columns);
  LINEAR(input_row_stride = 2);
  LINEAR(input_row_stride = INT64_MIN);
  LINEAR(input_row_stride = INT64_MAX);
  LINEAR(out_row_stride = 2);
  LINEAR(out_row_stride = -3);
  LINEAR(out_row_stride = INT64_MAX);
  REFUSED_DTYPE(panamba_linear_args, PANAMBA_LINEAR, a, dtype);
  REFUSED_DTYPE(panamba_linear_args, PANAMBA_LINEAR, a, out_dtype);
  LINEAR(activation = -1);
  LINEAR(activation = 4);
  LINEAR(multiply = -1);
  LINEAR(multiply = 2);
  LINEAR(reserved = 1);
  a.multiply = 1;
  run_operation(PANAMBA_LINEAR, &a);
  LINEAR(accumulate = 1);
  LINEAR(activation = PANAMBA_ACTIVATION_SILU);
  end_case();
}

static void test(void) {
  seed(1);
  sweep_shapes();
  sweep_heights();
  sweep_guards();
  far_activations();
  rows_are_independent();
  nan_stays_in_its_row_and_column();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
