/* Steps of AdamW, and functions of single elements, against double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "silu.h"

/* Relative: the chain of roundings on the way to each result, of which none has more than eight. */
#define STEP_BOUND 1e-6
#define DECAY_BOUND 3e-7

#define LOG2_E 1.4426950408889634

static void adamw_case(int64_t count, placement where, int misalignment) {
  describe("adamw of %d, placed %d misaligned %d", (int)count, where, misalignment);
  begin_case(where, misalignment);
  float *rates = take_input(4);
  rates[0] = draw_between(1e-4, 1e-1);
  rates[1] = draw_between(0.1, 1);
  rates[2] = draw_between(0.03, 1);
  rates[3] = draw_between(0.9, 1);
  panamba_adamw_args a = {.parameters = take_output(count),
                          .gradient = take_filled(count, -1, 1),
                          .first_moment = take_output(count),
                          .second_moment = take_output(count),
                          .average = draw(2) ? take_output(count) : 0,
                          .rates = rates,
                          .gradient_factor = draw(2) ? take_filled(1, 0.1, 1) : 0,
                          .count = count,
                          .beta1 = 0.9f,
                          .beta2 = 0.999f,
                          .eps = 1e-8f,
                          .weight_decay = draw(2) ? 0.05f : 0};
  fill(a.parameters, count, -1, 1);
  fill(a.first_moment, count, -1, 1);
  fill(a.second_moment, count, 0, 1);
  if (a.average) {
    fill(a.average, count, -1, 1);
  }
  run_operation(PANAMBA_ADAMW, &a);
  const float *parameters = before_run(a.parameters);
  const float *first = before_run(a.first_moment);
  const float *second = before_run(a.second_moment);
  double beta1 = (double)a.beta1;
  double beta2 = (double)a.beta2;
  for (int64_t i = 0; i < count; i++) {
    double g = (double)a.gradient[i] * (a.gradient_factor ? (double)*a.gradient_factor : 1);
    double m = beta1 * (double)first[i] + (1 - beta1) * g;
    double v = beta2 * (double)second[i] + (1 - beta2) * g * g;
    double p = (double)parameters[i] * (1 - (double)rates[0] * (double)a.weight_decay);
    double change = (double)rates[0] / (double)rates[1] * m / (sqrt(v) / (double)rates[2] + (double)a.eps);
    double m_size = fabs((double)first[i]) + fabs(g);
    /* What the first moment's rounding moves, beside what is rounded in the change itself. */
    double allowed = STEP_BOUND * (fabs(p) + fabs(change) * (1 + m_size / fabs(m)));
    check_close("first moment", i, (double)a.first_moment[i], m, STEP_BOUND * m_size);
    check_close("second moment", i, (double)a.second_moment[i], v, STEP_BOUND * ((double)second[i] + g * g));
    check_close("parameter", i, (double)a.parameters[i], p - change, allowed);
    if (a.average) {
      double old = (double)((const float *)before_run(a.average))[i];
      double decay = (double)rates[3];
      check_close("average", i, (double)a.average[i], decay * old + (1 - decay) * (p - change),
                  allowed + STEP_BOUND * (fabs(old) + fabs(p - change)));
    }
  }
  end_case();
}

/* Parameters whose gradient and moments are zero stay where they are, but for the decay. */
static void nothing_moves_without_a_gradient(void) {
  describe("adamw of nothing");
  begin_case(IN_SENTINELS, 0);
  float *rates = take_filled(4, 0.5, 0.6);
  panamba_adamw_args a = {.parameters = take_output(37),
                          .gradient = take_filled(37, 0, 0),
                          .first_moment = take_output(37),
                          .second_moment = take_output(37),
                          .rates = rates,
                          .count = 37,
                          .beta1 = 0.9f,
                          .beta2 = 0.999f,
                          .eps = 1e-8f};
  fill(a.parameters, 37, -1, 1);
  fill(a.first_moment, 37, 0, 0);
  fill(a.second_moment, 37, 0, 0);
  run_operation(PANAMBA_ADAMW, &a);
  check_same_bits("parameter", a.parameters, before_run(a.parameters), 37);
  end_case();
}

static void pointwise_case(int64_t rows, int64_t columns, int32_t kind, placement where, int misalignment) {
  describe("pointwise %d of (%d, %d), placed %d misaligned %d", kind, (int)rows, (int)columns, where, misalignment);
  begin_case(where, misalignment);
  panamba_pointwise_args a = {.rows = rows,
                              .columns = columns,
                              .x_row_stride = columns + draw(3),
                              .out_row_stride = columns + draw(3),
                              .kind = kind};
  a.x = take_rows(rows, columns, a.x_row_stride, -20, 20);
  a.out = take_output((rows - 1) * a.out_row_stride + columns);
  run_operation(PANAMBA_POINTWISE, &a);
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < columns; i++) {
      double x = (double)a.x[row * a.x_row_stride + i];
      int64_t place = row * a.out_row_stride + i;
      if (kind == PANAMBA_POINTWISE_SILU) {
        check_close("silu", place, (double)a.out[place], silu(x), silu_error(x, 0));
      } else {
        check_close("decay", place, (double)a.out[place], -exp(x) * LOG2_E, DECAY_BOUND * exp(x) * LOG2_E);
      }
    }
  }
  check_gaps("the gap between rows of out", a.out, PANAMBA_F32, rows, columns, a.out_row_stride);
  end_case();
}

static void test(void) {
  static const int64_t counts[] = {1, 2, 3, 7, 8, 15, 16, 17, 33, 100, 8191, 8192, 8193, 20000};
  static const int64_t all_columns[] = {1, 3, 8, 15, 16, 17, 384, 8193};
  seed(25);
  for (size_t c = 0; c < COUNT(counts); c++) {
    adamw_case(counts[c], IN_SENTINELS, (int)draw(4));
    adamw_case(counts[c], draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  nothing_moves_without_a_gradient();
  for (size_t c = 0; c < COUNT(all_columns); c++) {
    for (int32_t kind = PANAMBA_POINTWISE_SILU; kind <= PANAMBA_POINTWISE_DECAY; kind++) {
      pointwise_case(1 + draw(50), all_columns[c], kind, IN_SENTINELS, (int)draw(4));
      pointwise_case(1 + draw(3), all_columns[c], kind, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
