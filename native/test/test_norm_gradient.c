/* The gradient of a normalisation against one in double precision, and that against differences. */
#include <math.h>

#include "difference.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Relative to the sum of absolute terms: means over dim numbers, a root, a division and a few products; parameters are
 * sums over up to PANAMBA_NORM_PART_ROWS rows. */
#define NORM_GRADIENT_BOUND 3e-6

static const int64_t all_rows[] = {1, 2, 3, 16, 63, 64, 65, 130};
static const int64_t all_dims[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 192, 201};

typedef struct {
  double mean;
  double factor;
} statistics;

static statistics statistics_of(const panamba_norm_gradient_args *a, int64_t row) {
  const float *x = a->residual + row * a->residual_row_stride;
  double mean = 0;
  double square = 0;
  for (int64_t i = 0; i < a->dim && a->kind == PANAMBA_LAYER_NORM; i++) {
    mean += (double)x[i] / (double)a->dim;
  }
  for (int64_t i = 0; i < a->dim; i++) {
    square += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)a->dim;
  }
  return (statistics){mean, 1 / sqrt(square + (double)a->eps)};
}

static double normalised(const panamba_norm_gradient_args *a, int64_t row, int64_t i, statistics s) {
  return ((double)a->residual[row * a->residual_row_stride + i] - s.mean) * s.factor;
}

static double gradient_at(const panamba_norm_gradient_args *a, int64_t row, int64_t i) {
  return (double)a->out_gradient[row * a->dim + i];
}

static void check_row(const panamba_norm_gradient_args *a, const float *before, int64_t row) {
  statistics s = statistics_of(a, row);
  double q_mean = 0, qn_mean = 0, q_size = 0, qn_size = 0;
  for (int64_t i = 0; i < a->dim; i++) {
    double q = gradient_at(a, row, i) * (double)a->weight[i];
    double n = normalised(a, row, i, s);
    q_mean += q / (double)a->dim;
    qn_mean += q * n / (double)a->dim;
    q_size += fabs(q) / (double)a->dim;
    /* n itself is off where it is a difference. */
    qn_size += fabs(q) * (fabs(n) + fabs(s.mean) * s.factor) / (double)a->dim;
  }
  for (int64_t i = 0; i < a->dim; i++) {
    double q = gradient_at(a, row, i) * (double)a->weight[i];
    double n = normalised(a, row, i, s);
    double n_size = fabs(n) + fabs(s.mean) * s.factor;
    int layer = a->kind == PANAMBA_LAYER_NORM;
    int64_t place = row * a->residual_gradient_row_stride + i;
    double old = a->accumulate != 0 ? (double)a->accumulate * (double)before[place] : 0;
    double wanted = old + s.factor * (q - (layer ? q_mean : 0) - qn_mean * n);
    double size = fabs(old) + s.factor * (fabs(q) + (layer ? q_size : 0) + qn_size * n_size);
    check_close("residual_gradient", place, (double)a->residual_gradient[place], wanted, NORM_GRADIENT_BOUND * size);
  }
}

static void check_part(const panamba_norm_gradient_args *a, int64_t part) {
  for (int64_t i = 0; i < a->dim; i++) {
    double weight = 0, weight_size = 0, bias = 0, bias_size = 0;
    for (int64_t row = part * PANAMBA_NORM_PART_ROWS; row < a->rows && row < (part + 1) * PANAMBA_NORM_PART_ROWS;
         row++) {
      statistics s = statistics_of(a, row);
      double g = gradient_at(a, row, i);
      weight += g * normalised(a, row, i, s);
      weight_size += fabs(g) * (fabs(normalised(a, row, i, s)) + fabs(s.mean) * s.factor);
      bias += g;
      bias_size += fabs(g);
    }
    int64_t place = part * 2 * a->dim + i;
    check_close("weight", place, (double)a->parameter_parts[place], weight, NORM_GRADIENT_BOUND * weight_size);
    check_close("bias", place, (double)a->parameter_parts[place + a->dim], bias, NORM_GRADIENT_BOUND * bias_size);
  }
}

static panamba_norm_gradient_args take_arguments(int64_t rows, int64_t dim) {
  static const float accumulates[] = {0, 1, 1, -0.5f};
  panamba_norm_gradient_args a = {.rows = rows,
                                  .dim = dim,
                                  .residual_row_stride = dim + draw(3),
                                  .residual_gradient_row_stride = dim + draw(3),
                                  .accumulate = PICK(accumulates),
                                  .eps = 1e-5f,
                                  .kind = draw(2) ? PANAMBA_RMS_NORM : PANAMBA_LAYER_NORM};
  int64_t parts = (rows + PANAMBA_NORM_PART_ROWS - 1) / PANAMBA_NORM_PART_ROWS;
  a.residual = take_rows(rows, dim, a.residual_row_stride, -1.5, 2);
  a.weight = take_filled(dim, -1.5, 1.5);
  a.out_gradient = take_filled(rows * dim, -1, 1);
  a.residual_gradient = take_output((rows - 1) * a.residual_gradient_row_stride + dim);
  for (int64_t row = 0; row < rows && a.accumulate != 0; row++) {
    fill(a.residual_gradient + row * a.residual_gradient_row_stride, dim, -1, 1);
  }
  a.parameter_parts = take_output(parts * 2 * dim);
  return a;
}

static void norm_case(int64_t rows, int64_t dim, placement where, int misalignment) {
  begin_case(where, misalignment);
  panamba_norm_gradient_args a = take_arguments(rows, dim);
  describe("norm gradient rows %d dim %d kind %d accumulate %g, placed %d misaligned %d", (int)rows, (int)dim, a.kind,
           (double)a.accumulate, where, misalignment);
  run_operation(PANAMBA_NORM_GRADIENT, &a);
  for (int64_t row = 0; row < rows; row++) {
    check_row(&a, before_run(a.residual_gradient), row);
  }
  for (int64_t part = 0; part * PANAMBA_NORM_PART_ROWS < rows; part++) {
    check_part(&a, part);
  }
  check_gaps("the gap between rows of residual_gradient", a.residual_gradient, PANAMBA_F32, rows, dim,
             a.residual_gradient_row_stride);
  end_case();
}

static double loss_of(const void *args) {
  const panamba_norm_gradient_args *a = args;
  double loss = 0;
  for (int64_t row = 0; row < a->rows; row++) {
    statistics s = statistics_of(a, row);
    for (int64_t i = 0; i < a->dim; i++) {
      loss += normalised(a, row, i, s) * (double)a->weight[i] * gradient_at(a, row, i);
    }
  }
  return loss;
}

static void differences(void) {
  for (int repeat = 0; repeat < THIN(30, 5); repeat++) {
    int64_t rows = 1 + draw(5);
    int64_t dim = 2 + draw(40);
    describe("differences of a norm of rows %d dim %d", (int)rows, (int)dim);
    begin_case(IN_SENTINELS, 0);
    panamba_norm_gradient_args a = take_arguments(rows, dim);
    a.accumulate = 0;
    run_operation(PANAMBA_NORM_GRADIENT, &a);
    int64_t row = draw(rows);
    int64_t i = draw(dim);
    check_difference("residual", loss_of, &a, a.residual + row * a.residual_row_stride + i, 1,
                     (double)a.residual_gradient[row * a.residual_gradient_row_stride + i]);
    check_difference("weight", loss_of, &a, a.weight + i, 1, (double)a.parameter_parts[i]);
    end_case();
  }
}

#define NORM(change) REFUSED(panamba_norm_gradient_args, PANAMBA_NORM_GRADIENT, a, change)

static void refusals(void) {
  begin_refusals("norm_gradient");
  panamba_norm_gradient_args a = {.residual = take_filled(16, -1, 1),
                                  .weight = take_filled(8, -1, 1),
                                  .out_gradient = take_filled(16, -1, 1),
                                  .residual_gradient = take_output(16),
                                  .parameter_parts = take_output(16),
                                  .rows = 2,
                                  .dim = 8,
                                  .residual_row_stride = 8,
                                  .residual_gradient_row_stride = 8,
                                  .eps = 1e-5f};
  run_operation(PANAMBA_NORM_GRADIENT, &a);
  NORM(residual = 0);
  NORM(weight = 0);
  NORM(out_gradient = 0);
  NORM(residual_gradient = 0);
  NORM(residual_gradient = (float *)a.residual);
  NORM(residual_gradient = (float *)a.out_gradient);
  NORM(parameter_parts = 0);
  REFUSED_SIZE(panamba_norm_gradient_args, PANAMBA_NORM_GRADIENT, a, rows);
  REFUSED_SIZE(panamba_norm_gradient_args, PANAMBA_NORM_GRADIENT, a, dim);
  NORM(residual_row_stride = 7);
  NORM(residual_row_stride = INT64_MAX);
  NORM(residual_gradient_row_stride = 7);
  NORM(residual_gradient_row_stride = INT64_MAX);
  NORM(kind = -1);
  NORM(kind = 2);
  NORM(eps = -1e-5f);
  NORM(eps = NAN);
  NORM(reserved = 1);
  end_case();
}

static void test(void) {
  seed(22);
  for (size_t r = 0; r < COUNT(all_rows); r++) {
    for (size_t d = 0; d < COUNT(all_dims); d++) {
      norm_case(all_rows[r], all_dims[d], IN_SENTINELS, (int)draw(4));
    }
  }
  for (int64_t dim = 1; dim <= 70; dim += 1 + draw(THIN(2, 8))) {
    norm_case(1 + draw(20), dim, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  differences();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
