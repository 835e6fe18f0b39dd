/* The gradient of a pooling, number by number. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

typedef struct {
  int64_t batch;
  int64_t length;
  int64_t dim;
  int32_t kind;
} pool_shape;

static panamba_pool_gradient_args take_arguments(const pool_shape *s) {
  panamba_pool_gradient_args a = {.batch = s->batch,
                                  .length = s->length,
                                  .dim = s->dim,
                                  .first = draw(s->length),
                                  .step = 1 + draw(3),
                                  .kind = s->kind};
  a.count = 1 + draw((s->length - 1 - a.first) / a.step + 1);
  if (s->kind == PANAMBA_POOL_MAX) {
    float *input = take_input(s->batch * s->length * s->dim);
    for (int64_t i = 0; i < s->batch * s->length * s->dim; i++) {
      /* Few values: many maxima are equal, and some are not numbers. */
      int64_t value = draw(6);
      input[i] = value == 5 ? NAN : (float)value;
    }
    a.input = input;
  }
  a.out_gradient = take_filled(s->batch * s->dim, -1, 1);
  a.input_gradient = take_output(s->batch * s->length * s->dim);
  return a;
}

static int64_t row_of_maximum(const panamba_pool_gradient_args *a, int64_t image, int64_t i) {
  const float *column = a->input + image * a->length * a->dim + i;
  int64_t best = -1;
  for (int64_t p = 0; p < a->count; p++) {
    int64_t row = a->first + p * a->step;
    float value = column[row * a->dim];
    if (isnan(value)) {
      return row;
    }
    if (best < 0 || value > column[best * a->dim]) {
      best = row;
    }
  }
  return best;
}

static void pool_case(pool_shape s, placement where, int misalignment) {
  begin_case(where, misalignment);
  panamba_pool_gradient_args a = take_arguments(&s);
  describe("pool gradient batch %d length %d dim %d kind %d first %d count %d step %d, placed %d misaligned %d",
           (int)s.batch, (int)s.length, (int)s.dim, s.kind, (int)a.first, (int)a.count, (int)a.step, where,
           misalignment);
  run_operation(PANAMBA_POOL_GRADIENT, &a);
  for (int64_t place = 0; place < s.batch * s.length * s.dim; place++) {
    int64_t image = place / (s.length * s.dim);
    int64_t row = place / s.dim % s.length;
    int64_t i = place % s.dim;
    int64_t pooled = row - a.first;
    int taken = s.kind == PANAMBA_POOL_MAX ? row == row_of_maximum(&a, image, i)
                                           : pooled >= 0 && pooled % a.step == 0 && pooled / a.step < a.count;
    float share = s.kind == PANAMBA_POOL_MAX ? 1 : (float)a.count;
    float wanted = taken ? a.out_gradient[image * s.dim + i] / share : 0;
    CHECK(a.input_gradient[place] == wanted, "input_gradient[%d] is %g, not %g", (int)place,
          (double)a.input_gradient[place], (double)wanted);
  }
  end_case();
}

#define POOL(change) REFUSED(panamba_pool_gradient_args, PANAMBA_POOL_GRADIENT, a, change)
#define POOL_SIZE(field) REFUSED_SIZE(panamba_pool_gradient_args, PANAMBA_POOL_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("pool_gradient");
  panamba_pool_gradient_args a = {.input = take_filled(20, -1, 1),
                                  .out_gradient = take_filled(4, -1, 1),
                                  .input_gradient = take_output(20),
                                  .batch = 1,
                                  .length = 5,
                                  .dim = 4,
                                  .count = 2,
                                  .step = 4,
                                  .kind = PANAMBA_POOL_MAX};
  run_operation(PANAMBA_POOL_GRADIENT, &a);
  POOL(input = 0);
  POOL(out_gradient = 0);
  POOL(input_gradient = 0);
  POOL(input_gradient = (float *)a.input);
  POOL(input_gradient = (float *)a.out_gradient);
  POOL_SIZE(batch);
  POOL_SIZE(length);
  POOL_SIZE(dim);
  POOL_SIZE(count);
  POOL_SIZE(step);
  POOL(count = 3);
  POOL(step = 5);
  POOL(first = 1);
  POOL(first = -1);
  POOL(first = INT64_MAX);
  POOL(kind = 2);
  POOL(kind = -1);
  POOL(reserved = 1);
  end_case();
}

static void test(void) {
  static const int64_t dims[] = {1, 3, 8, 15, 16, 17, 63, 64, 65, 130};
  static const int64_t lengths[] = {1, 2, 3, 15, 17, 50};
  seed(27);
  for (size_t d = 0; d < COUNT(dims); d++) {
    for (size_t l = 0; l < COUNT(lengths); l++) {
      for (int32_t kind = PANAMBA_POOL_MEAN; kind <= PANAMBA_POOL_MAX; kind++) {
        pool_case((pool_shape){1 + draw(3), lengths[l], dims[d], kind}, IN_SENTINELS, (int)draw(4));
        pool_case((pool_shape){1, lengths[l], dims[d], kind}, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
      }
    }
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
