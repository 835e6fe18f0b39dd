/* Cross-entropy with label smoothing, and its gradient, against double precision and differences. */
#include <math.h>

#include "difference.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Relative to the sum of absolute terms: exponentials, their sum, a logarithm and products. Beside it, what rounding a
 * difference of logits does to its exponential. */
#define ENTROPY_BOUND 2e-6

/* Classes further behind than 87 count as if they were that far. */
#define FARTHEST 87.3

/* Denormals count as zero. */
#define SMALLEST 0x1p-125

static panamba_cross_entropy_args take_arguments(int64_t batch, int64_t classes, double size) {
  static const float smoothings[] = {0, 0.1f, 0.5f, 1};
  int32_t *labels = take_bytes(batch * (int64_t)sizeof(int32_t));
  for (int64_t i = 0; i < batch; i++) {
    labels[i] = (int32_t)draw(classes);
  }
  return (panamba_cross_entropy_args){.logits = take_filled(batch * classes, -size, size),
                                      .labels = labels,
                                      .losses = take_output(batch),
                                      .logits_gradient = draw(4) ? take_output(batch * classes) : 0,
                                      .batch = batch,
                                      .classes = classes,
                                      .smoothing = PICK(smoothings),
                                      .gradient_scale = 1 / (float)batch};
}

static double largest_of(const panamba_cross_entropy_args *a, int64_t row) {
  double largest = -INFINITY;
  for (int64_t i = 0; i < a->classes; i++) {
    largest = fmax(largest, (double)a->logits[row * a->classes + i]);
  }
  return largest;
}

static double exp_sum_of(const panamba_cross_entropy_args *a, int64_t row) {
  double sum = 0;
  for (int64_t i = 0; i < a->classes; i++) {
    sum += exp((double)a->logits[row * a->classes + i] - largest_of(a, row));
  }
  return sum;
}

static double target_of(const panamba_cross_entropy_args *a, int64_t row, int64_t i) {
  double rest = (double)a->smoothing / (double)a->classes;
  return (i == a->labels[row] ? 1 - (double)a->smoothing : 0) + rest;
}

static double loss_of_row(const panamba_cross_entropy_args *a, int64_t row, double *size) {
  double total = log(exp_sum_of(a, row));
  double largest = largest_of(a, row);
  double loss = 0;
  *size = 1;
  for (int64_t i = 0; i < a->classes; i++) {
    double shifted = (double)a->logits[row * a->classes + i] - largest;
    loss -= target_of(a, row, i) * (shifted - total);
    *size += target_of(a, row, i) * (fabs(shifted) + fabs(total));
  }
  return loss;
}

static void entropy_case(int64_t batch, int64_t classes, double range, placement where, int misalignment) {
  begin_case(where, misalignment);
  panamba_cross_entropy_args a = take_arguments(batch, classes, range);
  describe("cross entropy batch %d classes %d smoothing %g of logits to %g, placed %d misaligned %d", (int)batch,
           (int)classes, (double)a.smoothing, range, where, misalignment);
  run_operation(PANAMBA_CROSS_ENTROPY, &a);
  for (int64_t row = 0; row < batch; row++) {
    double size;
    double loss = loss_of_row(&a, row, &size);
    check_close("loss", row, (double)a.losses[row], loss, ENTROPY_BOUND * size);
    double total = exp_sum_of(&a, row);
    for (int64_t i = 0; i < classes && a.logits_gradient; i++) {
      int64_t place = row * classes + i;
      double p = exp((double)a.logits[place] - largest_of(&a, row)) / total;
      double target = target_of(&a, row, i);
      check_close(
          "gradient", place, (double)a.logits_gradient[place], (double)a.gradient_scale * (p - target),
          (double)a.gradient_scale * ((ENTROPY_BOUND + range * 0x1p-22) * (p + target) + exp(-FARTHEST)) + SMALLEST);
    }
  }
  end_case();
}

static double loss_of(const void *args) {
  const panamba_cross_entropy_args *a = args;
  double loss = 0;
  double size;
  for (int64_t row = 0; row < a->batch; row++) {
    loss += (double)a->gradient_scale * loss_of_row(a, row, &size);
  }
  return loss;
}

static void differences(void) {
  for (int repeat = 0; repeat < 20; repeat++) {
    int64_t batch = 1 + draw(3);
    int64_t classes = 2 + draw(20);
    describe("differences of a cross entropy of %d classes", (int)classes);
    begin_case(IN_SENTINELS, 0);
    panamba_cross_entropy_args a = take_arguments(batch, classes, 2);
    a.logits_gradient = take_output(batch * classes);
    run_operation(PANAMBA_CROSS_ENTROPY, &a);
    int64_t place = draw(batch * classes);
    check_difference("logits", loss_of, &a, a.logits + place, 1, (double)a.logits_gradient[place]);
    end_case();
  }
}

static void unknown_labels_show(void) {
  static const int32_t unknown[] = {-1, 5, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < COUNT(unknown); i++) {
    describe("cross entropy of label %d of 5", unknown[i]);
    begin_case(IN_SENTINELS, 0);
    panamba_cross_entropy_args a = take_arguments(1, 5, 1);
    a.logits_gradient = take_output(5);
    *(int32_t *)a.labels = unknown[i];
    run_operation(PANAMBA_CROSS_ENTROPY, &a);
    int left_out = unknown[i] == PANAMBA_NO_LABEL;
    CHECK(left_out ? a.losses[0] == 0 : isnan(a.losses[0]), "the loss is %g", (double)a.losses[0]);
    for (int64_t c = 0; c < 5; c++) {
      CHECK(a.logits_gradient[c] == 0, "gradient[%d] is %g", (int)c, (double)a.logits_gradient[c]);
    }
    end_case();
  }
}

#define ENTROPY(change) REFUSED(panamba_cross_entropy_args, PANAMBA_CROSS_ENTROPY, a, change)

static void refusals(void) {
  begin_refusals("cross_entropy");
  int32_t *labels = take_bytes(2 * (int64_t)sizeof(int32_t));
  labels[0] = labels[1] = 1;
  panamba_cross_entropy_args a = {.logits = take_filled(6, -1, 1),
                                  .labels = labels,
                                  .losses = take_output(2),
                                  .logits_gradient = take_output(6),
                                  .batch = 2,
                                  .classes = 3};
  run_operation(PANAMBA_CROSS_ENTROPY, &a);
  ENTROPY(logits = 0);
  ENTROPY(labels = 0);
  ENTROPY(losses = 0);
  ENTROPY(losses = (float *)a.logits);
  ENTROPY(logits_gradient = (float *)a.logits);
  REFUSED_SIZE(panamba_cross_entropy_args, PANAMBA_CROSS_ENTROPY, a, batch);
  REFUSED_SIZE(panamba_cross_entropy_args, PANAMBA_CROSS_ENTROPY, a, classes);
  ENTROPY(smoothing = -0.1f);
  ENTROPY(smoothing = 1.1f);
  ENTROPY(smoothing = NAN);
  end_case();
}

static void test(void) {
  static const int64_t classes[] = {1, 2, 3, 7, 8, 10, 15, 16, 17, 33, 100, 1000};
  static const double sizes[] = {1, 10, 100};
  seed(28);
  for (size_t c = 0; c < COUNT(classes); c++) {
    for (size_t s = 0; s < COUNT(sizes); s++) {
      entropy_case(1 + draw(8), classes[c], sizes[s], IN_SENTINELS, (int)draw(4));
      entropy_case(1 + draw(3), classes[c], sizes[s], draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
  differences();
  unknown_labels_show();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
