/*
 * A step of training as one program: on any number of threads and by many callers at once it has the bits of its steps
 * run one by one.
 */
#include <math.h>
#include <string.h>

#include "callers.h"
#include "harness.h"
#include "memory.h"
#include "training_program.h"

static void check_operation(const training_program *p, int32_t operation) {
  int steps = 0;
  for (int i = 0; i < p->count; i++) {
    steps += p->steps[i].operation == operation;
  }
  CHECK(steps > 0, "operation %d is no step", operation);
}

static void check_operations(const training_program *p) {
  for (int32_t operation = PANAMBA_PACK; operation <= PANAMBA_DEPTHWISE_GRADIENT; operation++) {
    check_operation(p, operation);
  }
  check_operation(p, PANAMBA_CROSS_SCAN_GRADIENT);
  check_operation(p, PANAMBA_RESIZE_GRADIENT);
  check_operation(p, PANAMBA_WINDOW_POOL_GRADIENT);
}

static training_values before;
static training_values wanted;
static training_program programs[CALLERS];

static void test(void) {
  whole_program whole[CALLERS];
  seed(30);
  begin_case(IN_SENTINELS, 0);
  describe("a step of training, operation by operation");
  memset(&before, 0, sizeof before);
  fill((float *)&before.parameters, PARAMETERS, -0.5, 0.5);
  before.average = before.parameters;
  float *rates = take_input(4);
  memcpy(rates, (float[]){0.01f, 0.1f, 0.03f, 0.99f}, 4 * sizeof(float));
  training_batch b = {.image = take_filled(BATCH * 3 * SIDE * SIDE, -1, 1),
                      .image_scale = take_filled(BATCH, 0.5, 1.5),
                      .rates = rates,
                      .labels = take_bytes(BATCH * (int64_t)sizeof(int32_t))};
  for (int i = 0; i < BATCH; i++) {
    b.labels[i] = (int32_t)draw(CLASSES);
  }
  for (int i = 0; i < CALLERS; i++) {
    training_program *p = &programs[i];
    write_training_program(p, &b);
    whole[i] = (whole_program){p->steps, p->count, &p->values, &before, sizeof before};
  }
  check_operations(&programs[0]);
  run_stepwise(&whole[0]);
  wanted = programs[0].values;
  const float *gradient = (const float *)&wanted.gradient;
  for (int i = 0; i < PARAMETERS; i++) {
    CHECK(isfinite(gradient[i]) && gradient[i] != 0, "gradient %d is %g", i, (double)gradient[i]);
  }
  for (int i = 0; i < BATCH * 3 * SIDE * SIDE; i++) {
    float value = wanted.image_gradient[i];
    CHECK(isfinite(value) && value != 0, "the gradient of pixel %d is %g", i, (double)value);
  }
  CHECK(wanted.clip[0] > 0.1f && wanted.clip[1] < 1, "the norm is %g", (double)wanted.clip[0]);
  check_callers(whole, &wanted);
  end_case();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
