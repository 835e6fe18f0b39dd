/* Residual add and normalisation against plain loops in double precision. */
#include <math.h>
#include <string.h>

#include "gelu.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "relu.h"
#include "silu.h"

/* One fused multiply-add in most tiers, a product and a sum in the portable one: two roundings of 2^-24. */
#define RESIDUAL_BOUND 0x1p-23

/*
 * The mean square is a sum of positive terms, of which the root halves the relative error; then a division and three
 * products. Relative to the sizes of what is added up for an element: the row's and its mean's, scaled, and the bias.
 */
#define NORM_BOUND 1e-6

/* Results below this count as zero. */
#define SMALLEST 0x1p-126

typedef struct {
  int64_t rows;
  int64_t dim;
  int64_t gap;
  float scale;
  float eps;
  int32_t kind;
  int biased;
  int added;
  int32_t dtype; /* of the result */
  int32_t activation;
} norm_shape;

static const float scales[] = {1.0f, 0.5f, -1.5f, 0.0f};
static const float epsilons[] = {1e-5f, 1e-6f, 1e-12f};
static const int64_t gaps[] = {0, 0, 1, 9};

static norm_shape draw_shape(int64_t rows, int64_t dim) {
  return (norm_shape){.rows = rows,
                      .dim = dim,
                      .gap = PICK(gaps),
                      .scale = PICK(scales),
                      .eps = PICK(epsilons),
                      .kind = draw(2) ? PANAMBA_RMS_NORM : PANAMBA_LAYER_NORM,
                      .biased = draw(2) == 0,
                      .added = draw(2) == 0,
                      .dtype = draw_dtype(),
                      .activation = draw(2) ? PANAMBA_ACTIVATION_NONE : (int32_t)draw(4)};
}

static panamba_norm_args take_arguments(const norm_shape *s, double low, double high) {
  int64_t stride = s->dim + s->gap;
  panamba_norm_args args = {.weight = take_filled(s->dim, -2, 2),
                            .bias = s->biased ? take_filled(s->dim, -1, 1) : 0,
                            .addend = s->added ? take_filled(s->rows * s->dim, -1, 1) : 0,
                            .out = take_output_of(s->dtype, s->rows * s->dim),
                            .rows = s->rows,
                            .dim = s->dim,
                            .residual_row_stride = stride,
                            .residual_scale = s->scale,
                            .eps = s->eps,
                            .kind = s->kind,
                            .dtype = s->dtype,
                            .activation = s->activation};
  /* Without an addend the residual must stay as it is. */
  int64_t count = (s->rows - 1) * stride + s->dim;
  args.residual = s->added ? take_output(count) : take_input(count);
  for (int64_t row = 0; row < s->rows; row++) {
    fill(args.residual + row * stride, s->dim, low, high);
  }
  return args;
}

static void check_row(const panamba_norm_args *args, int64_t row) {
  const float *x = args->residual + row * args->residual_row_stride;
  const float *before = (const float *)before_run(args->residual) + row * args->residual_row_stride;
  for (int64_t i = 0; i < args->dim && args->addend; i++) {
    double old = (double)args->residual_scale * (double)before[i];
    double addend = (double)args->addend[row * args->dim + i];
    check_close("residual", i, (double)x[i], old + addend, RESIDUAL_BOUND * (fabs(old) + fabs(addend)));
  }
  double mean = 0;
  double size = 0;
  for (int64_t i = 0; i < args->dim && args->kind == PANAMBA_LAYER_NORM; i++) {
    mean += (double)x[i] / (double)args->dim;
    size += fabs((double)x[i]) / (double)args->dim;
  }
  double square = 0;
  for (int64_t i = 0; i < args->dim; i++) {
    square += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)args->dim;
  }
  double root = sqrt(square + (double)args->eps);
  for (int64_t i = 0; i < args->dim; i++) {
    double weight = (double)args->weight[i];
    double bias = args->bias ? (double)args->bias[i] : 0;
    double wanted = ((double)x[i] - mean) / root * weight + bias;
    double magnitude = (fabs((double)x[i]) + size) / root * fabs(weight) + fabs(bias);
    double allowed = NORM_BOUND * magnitude + SMALLEST;
    if (args->activation == PANAMBA_ACTIVATION_SILU) {
      allowed = silu_error(wanted, allowed);
      wanted = silu(wanted);
    } else if (args->activation == PANAMBA_ACTIVATION_GELU) {
      allowed = gelu_error(wanted, allowed);
      wanted = gelu(wanted);
    } else if (args->activation == PANAMBA_ACTIVATION_RELU) {
      wanted = relu(wanted);
    }
    check_element("out", args->out, args->dtype, row * args->dim + i, wanted, allowed);
  }
}

static void norm_case(norm_shape s, placement where, int misalignment, double low, double high) {
  describe(
      "norm rows %d dim %d gap %d scale %g eps %g kind %d bias %d addend %d dtype %d activation %d values %g to %g, "
      "placed %d misaligned %d",
      (int)s.rows, (int)s.dim, (int)s.gap, (double)s.scale, (double)s.eps, s.kind, s.biased, s.added, s.dtype,
      s.activation, low, high, where, misalignment);
  begin_case(where, misalignment);
  panamba_norm_args args = take_arguments(&s, low, high);
  run_operation(PANAMBA_NORM, &args);
  for (int64_t row = 0; row < s.rows; row++) {
    check_row(&args, row);
  }
  check_gaps("the gap between rows of the residual", args.residual, PANAMBA_F32, s.rows, s.dim,
             args.residual_row_stride);
  end_case();
}

static void sweep_shapes(void) {
  static const int64_t rows[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 65, 197, 730};
  static const int64_t dims[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 24, 31, 32, 33, 37, 48, 63, 64, 65, 100, 192, 384, 1000};
  for (size_t r = 0; r < COUNT(rows); r++) {
    for (size_t d = 0; d < COUNT(dims); d += THIN(1, 2)) {
      for (int repeat = 0; repeat < (rows[r] > 100 ? 1 : THIN(4, 2)); repeat++) {
        norm_case(draw_shape(rows[r], dims[d]), IN_SENTINELS, (int)draw(4), -2, 2);
      }
    }
  }
}

static void sweep_guards(void) {
  for (int64_t dim = 1; dim <= 70; dim++) {
    for (int64_t rows = 1; rows <= 3; rows++) {
      norm_case(draw_shape(rows, dim), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0, -2, 2);
    }
  }
}

/* All of one size and sign, tiny and huge values, and rows of zeros, of which eps keeps the root above zero. */
static void extreme_values(void) {
  static const double ranges[][2] = {{100, 101}, {-1e-10, 1e-10}, {-1e15, 1e15}, {0, 1}, {0, 0}};
  for (size_t i = 0; i < COUNT(ranges); i++) {
    for (int64_t dim = 1; dim <= 400; dim += 19) {
      norm_shape s = draw_shape(3, dim);
      s.added = 0;
      norm_case(s, IN_SENTINELS, 0, ranges[i][0], ranges[i][1]);
    }
  }
}

/* A row has the bits that it has alone; a row with NaN gives NaN and disturbs no other. */
static void rows_are_independent(void) {
  static const int32_t kinds[][2] = {{PANAMBA_RMS_NORM, PANAMBA_F32},
                                     {PANAMBA_RMS_NORM, PANAMBA_BF16},
                                     {PANAMBA_LAYER_NORM, PANAMBA_F32},
                                     {PANAMBA_LAYER_NORM, PANAMBA_BF16}};
  for (size_t k = 0; k < COUNT(kinds); k++) {
    norm_shape s = {.rows = 37, .dim = 45, .gap = 2, .scale = 1, .eps = 1e-5f, .biased = 1, .added = 1};
    s.kind = kinds[k][0];
    s.dtype = kinds[k][1];
    describe("norm of kind %d, dtype %d, each row alone, one with NaN", s.kind, s.dtype);
    begin_case(IN_SENTINELS, 3);
    panamba_norm_args args = take_arguments(&s, -1, 1);
    float *residual = take_output(s.dim);
    void *out = take_output_of(s.dtype, s.dim);
    const int64_t bad = 17;
    args.residual[bad * args.residual_row_stride + 44] = NAN;
    run_operation(PANAMBA_NORM, &args);
    for (int64_t row = 0; row < s.rows; row++) {
      const float *after = args.residual + row * args.residual_row_stride;
      const float *before = (const float *)before_run(args.residual) + row * args.residual_row_stride;
      memcpy(residual, before, (size_t)s.dim * sizeof(float));
      panamba_norm_args one = args;
      one.rows = 1;
      one.residual = residual;
      one.addend = args.addend + row * s.dim;
      one.out = out;
      panamba_step step = {&one, PANAMBA_NORM, 0};
      CHECK(panamba_run(executor_of(1), &step, 1, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
      check_same_elements("row of out", s.dtype, place_of(args.out, s.dtype, row * s.dim), out, s.dim);
      check_same_bits("row of the residual", after, residual, s.dim);
      for (int64_t i = 0; i < s.dim; i++) {
        double value = element(out, s.dtype, i);
        CHECK((isnan(value) != 0) == (row == bad), "out[%d][%d] is %g", (int)row, (int)i, value);
      }
    }
    end_case();
  }
}

/* Runs with `out` elsewhere; the bits have to be those of before. */
static void check_in_place(const panamba_norm_args *args, const float *out, const float *residual) {
  run_operation(PANAMBA_NORM, args);
  check_same_bits("out in place", args->out, out, args->rows * args->dim);
  if (residual) {
    check_same_bits("residual beside out in place", args->residual, residual, args->rows * args->dim);
  }
}

/* The result may take the place of the addend, or of the residual. */
static void results_in_place(void) {
  for (int repeat = 0; repeat < THIN(60, 20); repeat++) {
    norm_shape s = draw_shape(1 + draw(70), 1 + draw(100));
    s.gap = 0;
    s.dtype = PANAMBA_F32; /* as what it takes the place of */
    describe("norm in place, rows %d dim %d kind %d bias %d addend %d", (int)s.rows, (int)s.dim, s.kind, s.biased,
             s.added);
    begin_case(IN_SENTINELS, (int)draw(4));
    panamba_norm_args args = take_arguments(&s, -2, 2);
    int64_t count = s.rows * s.dim;
    size_t bytes = (size_t)count * sizeof(float);
    run_operation(PANAMBA_NORM, &args);
    const float *residual = before_run(args.residual);
    panamba_norm_args one = args;
    one.residual = take_output(count);
    memcpy(one.residual, residual, bytes);
    one.out = one.residual;
    float *old = take_input(count);
    memcpy(old, residual, bytes);
    check_in_place(&one, args.out, 0);
    if (s.added) {
      one.out = take_output(count);
      memcpy(one.out, args.addend, bytes);
      one.addend = one.out;
      memcpy(one.residual, old, bytes);
      check_in_place(&one, args.out, args.residual);
    }
    end_case();
  }
}

#define NORM(change) REFUSED(panamba_norm_args, PANAMBA_NORM, a, change)

static void refusals(void) {
  begin_refusals("norm");
  panamba_norm_args a = {.residual = take_output(16),
                         .addend = take_filled(16, -1, 1),
                         .weight = take_filled(8, -1, 1),
                         .out = take_output(16),
                         .rows = 2,
                         .dim = 8,
                         .residual_row_stride = 8,
                         .residual_scale = 1,
                         .eps = 1e-5f};
  fill(a.residual, 16, -1, 1);
  run_operation(PANAMBA_NORM, &a);
  NORM(residual = 0);
  NORM(weight = 0);
  NORM(out = 0);
  REFUSED_SIZE(panamba_norm_args, PANAMBA_NORM, a, rows);
  REFUSED_SIZE(panamba_norm_args, PANAMBA_NORM, a, dim);
  NORM(residual_row_stride = 7);
  NORM(residual_row_stride = -8);
  NORM(residual_row_stride = INT64_MAX);
  NORM(kind = 2);
  NORM(kind = -1);
  NORM(activation = 4);
  NORM(activation = -1);
  NORM(reserved = 1);
  NORM(eps = -1e-5f);
  NORM(eps = NAN);
  REFUSED_DTYPE(panamba_norm_args, PANAMBA_NORM, a, dtype);
  end_case();
}

static void test(void) {
  seed(3);
  sweep_shapes();
  sweep_guards();
  extreme_values();
  rows_are_independent();
  results_in_place();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
