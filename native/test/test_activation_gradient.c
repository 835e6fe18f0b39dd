/* The gradient of an activation against double precision. GELU's over the range of float is test_gelu's. */
#include <math.h>

#include "gelu.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "silu.h"

/* Of SiLU's derivative s (1 + x (1 - s)), relative to s (1 + |x|): 1 - s is off by as much as s. */
#define SLOPE_BOUND 6e-7

/* The product with out_gradient is zero where it is no normal number. */
#define PRODUCT_FLOOR 0x1p-126

static double silu_slope(double x, double *size) {
  double sigmoid = 1 / (1 + exp(-x));
  *size = sigmoid * (1 + fabs(x));
  return sigmoid * (1 + x * (1 - sigmoid));
}

static void check_gradient(const panamba_activation_gradient_args *a, const float *out_gradient, int64_t row,
                           int64_t i) {
  double x = (double)a->x[row * a->x_row_stride + i];
  double g = (double)out_gradient[row * a->out_gradient_row_stride + i];
  int64_t place = row * a->x_gradient_row_stride + i;
  double got = (double)a->x_gradient[place];
  if (a->activation == PANAMBA_ACTIVATION_GELU) {
    check_close("gelu gradient", place, got, g * gelu_slope(x), fabs(g) * gelu_slope_error(x) + PRODUCT_FLOOR);
  } else if (a->activation == PANAMBA_ACTIVATION_RELU) {
    check_close("relu gradient", place, got, x > 0 ? g : 0, 0);
  } else {
    double size;
    double slope = silu_slope(x, &size);
    double allowed = fabs(g) * (SLOPE_BOUND * size + SILU_FLOOR * (1 + fabs(x))) + PRODUCT_FLOOR;
    check_close("silu gradient", place, got, g * slope, allowed);
  }
}

static void gradient_case(int64_t rows, int64_t columns, placement where, int misalignment) {
  begin_case(where, misalignment);
  panamba_activation_gradient_args a = {.rows = rows,
                                        .columns = columns,
                                        .x_row_stride = columns + draw(3),
                                        .out_gradient_row_stride = columns + draw(3),
                                        .activation = PANAMBA_ACTIVATION_SILU + (int32_t)draw(3)};
  int in_place = draw(2) == 0;
  a.x_gradient_row_stride = in_place ? a.out_gradient_row_stride : columns + draw(3);
  describe("activation %d gradient of (%d, %d) in place %d, placed %d misaligned %d", a.activation, (int)rows,
           (int)columns, in_place, where, misalignment);
  double size = draw(2) ? 6 : 40;
  a.x = take_rows(rows, columns, a.x_row_stride, -size, size);
  a.x_gradient = take_output((rows - 1) * a.x_gradient_row_stride + columns);
  a.out_gradient = in_place ? a.x_gradient : take_rows(rows, columns, a.out_gradient_row_stride, -2, 2);
  for (int64_t row = 0; in_place && row < rows; row++) {
    fill(a.x_gradient + row * a.x_gradient_row_stride, columns, -2, 2);
  }
  run_operation(PANAMBA_ACTIVATION_GRADIENT, &a);
  const float *out_gradient = in_place ? before_run(a.x_gradient) : a.out_gradient;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < columns; i++) {
      check_gradient(&a, out_gradient, row, i);
    }
  }
  check_gaps("the gap between rows of x_gradient", a.x_gradient, PANAMBA_F32, rows, columns, a.x_gradient_row_stride);
  end_case();
}

#define ACTIVATION(change) REFUSED(panamba_activation_gradient_args, PANAMBA_ACTIVATION_GRADIENT, a, change)

static void refusals(void) {
  begin_refusals("activation_gradient");
  panamba_activation_gradient_args a = {.x = take_filled(6, -1, 1),
                                        .out_gradient = take_filled(6, -1, 1),
                                        .x_gradient = take_output(6),
                                        .rows = 2,
                                        .columns = 3,
                                        .x_row_stride = 3,
                                        .out_gradient_row_stride = 3,
                                        .x_gradient_row_stride = 3,
                                        .activation = PANAMBA_ACTIVATION_GELU};
  run_operation(PANAMBA_ACTIVATION_GRADIENT, &a);
  ACTIVATION(x = 0);
  ACTIVATION(out_gradient = 0);
  ACTIVATION(x_gradient = 0);
  ACTIVATION(x_gradient = (float *)a.x);
  REFUSED_SIZE(panamba_activation_gradient_args, PANAMBA_ACTIVATION_GRADIENT, a, rows);
  REFUSED_SIZE(panamba_activation_gradient_args, PANAMBA_ACTIVATION_GRADIENT, a, columns);
  ACTIVATION(x_row_stride = 2);
  ACTIVATION(x_row_stride = INT64_MAX);
  ACTIVATION(out_gradient_row_stride = 2);
  ACTIVATION(out_gradient_row_stride = INT64_MAX);
  ACTIVATION(x_gradient_row_stride = 2);
  ACTIVATION(x_gradient_row_stride = INT64_MAX);
  ACTIVATION(activation = PANAMBA_ACTIVATION_NONE);
  ACTIVATION(activation = 4);
  ACTIVATION(activation = -1);
  ACTIVATION(reserved = 1);
  a.out_gradient = a.x_gradient;
  ACTIVATION(x_gradient_row_stride = 4);
  end_case();
}

static void test(void) {
  static const int64_t all_columns[] = {1, 3, 7, 8, 15, 16, 17, 33, 384, 8193};
  seed(35);
  for (size_t c = 0; c < COUNT(all_columns); c++) {
    for (int repeat = 0; repeat < 4; repeat++) {
      placement where = repeat < 2 ? IN_SENTINELS : repeat == 2 ? BEFORE_GUARD : AFTER_GUARD;
      gradient_case(1 + draw(6), all_columns[c], where, where == IN_SENTINELS ? (int)draw(4) : 0);
    }
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
