/* Steps of AdamW, against double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Relative: the chain of roundings on the way to each result, of which none has more than eight. */
#define STEP_BOUND 1e-6

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

#define ADAMW(change) REFUSED(panamba_adamw_args, PANAMBA_ADAMW, a, change)

static void refusals(void) {
  begin_refusals("adamw");
  panamba_adamw_args a = {.parameters = take_output(3),
                          .gradient = take_filled(3, -1, 1),
                          .first_moment = take_output(3),
                          .second_moment = take_output(3),
                          .rates = take_filled(4, 0.1, 1),
                          .count = 3,
                          .beta1 = 0.9f,
                          .beta2 = 0.999f,
                          .eps = 1e-8f};
  fill(a.parameters, 3, -1, 1);
  fill(a.first_moment, 3, -1, 1);
  fill(a.second_moment, 3, 0, 1);
  run_operation(PANAMBA_ADAMW, &a);
  ADAMW(parameters = 0);
  ADAMW(gradient = 0);
  ADAMW(first_moment = 0);
  ADAMW(second_moment = 0);
  ADAMW(rates = 0);
  REFUSED_SIZE(panamba_adamw_args, PANAMBA_ADAMW, a, count);
  ADAMW(beta1 = -0.1f);
  ADAMW(beta1 = 1.1f);
  ADAMW(beta1 = NAN);
  ADAMW(beta2 = -0.1f);
  ADAMW(beta2 = 1.1f);
  ADAMW(beta2 = NAN);
  ADAMW(eps = -1);
  ADAMW(eps = NAN);
  ADAMW(weight_decay = -1);
  ADAMW(weight_decay = NAN);
  end_case();
}

static void test(void) {
  static const int64_t counts[] = {1, 2, 3, 7, 8, 15, 16, 17, 33, 100, 8191, 8192, 8193, 20000};
  seed(25);
  for (size_t c = 0; c < COUNT(counts); c++) {
    adamw_case(counts[c], IN_SENTINELS, (int)draw(4));
    adamw_case(counts[c], draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  nothing_moves_without_a_gradient();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
