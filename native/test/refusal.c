#include "refusal.h"

panamba_linear_args innocent;

static const char *operation_name;

void on_processor(void (*refusals)(void)) {
#if defined(PANAMBA_TEST_CUDA)
  (void)refusals;
#else
  refusals();
#endif
}

void begin_refusals(const char *name) {
  operation_name = name;
  describe("refusals of %s", name);
  begin_case(IN_SENTINELS, 0);
  float *weight = take_filled(9, -1, 1);
  innocent = (panamba_linear_args){.input = take_filled(6, -1, 1),
                                   .weight = take_packed(weight, 3, 3),
                                   .out = take_output(6),
                                   .rows = 2,
                                   .depth = 3,
                                   .columns = 3,
                                   .input_row_stride = 3,
                                   .out_row_stride = 3};
}

void expect_name(const char *name) { operation_name = name; }

void check_refused(const char *what, int32_t operation, const void *args) {
  panamba_step steps[] = {{&innocent, PANAMBA_LINEAR, 0}, {args, operation, 0}, {&innocent, PANAMBA_LINEAR, 0}};
  run_refused(what, operation_name, steps + 1, 1);
  run_refused(what, operation_name, steps, COUNT(steps));
}
