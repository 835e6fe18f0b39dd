/* GELU and its derivative over the range of float, as functions of single elements, against double precision. The
 * epilogue of linear layers is test_linear's. */
#include "gelu.h"

#include <string.h>

#include "harness.h"
#include "memory.h"

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* GELU and its derivative at `count` numbers. */
static void check_numbers(const float *x, int64_t count) {
  begin_case(IN_SENTINELS, 0);
  float *numbers = take_input(count);
  float *ones = take_input(count);
  memcpy(numbers, x, (size_t)count * sizeof *x);
  for (int64_t i = 0; i < count; i++) {
    ones[i] = 1;
  }
  panamba_pointwise_args a = {.x = numbers,
                              .out = take_output(count),
                              .rows = 1,
                              .columns = count,
                              .x_row_stride = count,
                              .out_row_stride = count,
                              .kind = PANAMBA_POINTWISE_GELU};
  panamba_activation_gradient_args d = {.x = numbers,
                                        .out_gradient = ones,
                                        .x_gradient = take_output(count),
                                        .rows = 1,
                                        .columns = count,
                                        .x_row_stride = count,
                                        .out_gradient_row_stride = count,
                                        .x_gradient_row_stride = count,
                                        .activation = PANAMBA_ACTIVATION_GELU};
  describe("gelu of numbers from %a to %a", (double)x[0], (double)x[count - 1]);
  run_once(PANAMBA_POINTWISE, &a);
  run_once(PANAMBA_ACTIVATION_GRADIENT, &d);
  for (int64_t i = 0; i < count; i++) {
    check_close("gelu", i, (double)a.out[i], gelu((double)x[i]), gelu_error((double)x[i], 0));
    check_close("slope", i, (double)d.x_gradient[i], gelu_slope((double)x[i]), gelu_slope_error((double)x[i]));
  }
  end_case();
}

/* Both signs of every step-th number from `low` to `high`, which are positive. */
static void sweep(float low, float high, uint32_t step) {
  static float x[4096];
  int64_t count = 0;
  uint32_t bits, last;
  memcpy(&bits, &low, sizeof bits);
  memcpy(&last, &high, sizeof last);
  for (; bits <= last; bits += step) {
    x[count++] = float_of(bits);
    x[count++] = -float_of(bits);
    if (count == (int64_t)COUNT(x)) {
      check_numbers(x, count);
      count = 0;
    }
  }
  if (count) {
    check_numbers(x, count);
  }
}

static void pointwise_case(int64_t rows, int64_t columns, placement where, int misalignment) {
  describe("gelu of (%d, %d), placed %d misaligned %d", (int)rows, (int)columns, where, misalignment);
  begin_case(where, misalignment);
  panamba_pointwise_args a = {.rows = rows,
                              .columns = columns,
                              .x_row_stride = columns + draw(3),
                              .out_row_stride = columns + draw(3),
                              .kind = PANAMBA_POINTWISE_GELU};
  a.x = take_rows(rows, columns, a.x_row_stride, -15, 15);
  a.out = take_output((rows - 1) * a.out_row_stride + columns);
  run_operation(PANAMBA_POINTWISE, &a);
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < columns; i++) {
      double x = (double)a.x[row * a.x_row_stride + i];
      int64_t place = row * a.out_row_stride + i;
      check_close("gelu", place, (double)a.out[place], gelu(x), gelu_error(x, 0));
    }
  }
  check_gaps("the gap between rows of out", a.out, PANAMBA_F32, rows, columns, a.out_row_stride);
  end_case();
}

static void test(void) {
  static const float special[] = {0.0f,  -0.0f,  1e-40f, -1e-40f,  1e-8f,     -1e-8f, 13.9f, -13.9f,
                                  14.1f, -14.1f, 1e30f,  -1e30f,   INFINITY,  NAN,    -NAN,  -INFINITY,
                                  3e38f, -3e38f, 13.2f,  -13.205f, -0.75179f, 0.5f,   -0.5f, 1.0f};
  static const int64_t all_columns[] = {1, 3, 7, 8, 15, 16, 17, 33, 384, 8193};
  seed(32);
  check_numbers(special, COUNT(special));
  sweep(0x1p-149f, 0x1.fffffep+127f, THIN(50021, 500009));
  sweep(0x1p-12f, 16.0f, THIN(211, 5003));
  for (size_t c = 0; c < COUNT(all_columns); c++) {
    for (int repeat = 0; repeat < 4; repeat++) {
      placement where = repeat < 2 ? IN_SENTINELS : repeat == 2 ? BEFORE_GUARD : AFTER_GUARD;
      pointwise_case(1 + draw(6), all_columns[c], where, where == IN_SENTINELS ? (int)draw(4) : 0);
    }
  }
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
