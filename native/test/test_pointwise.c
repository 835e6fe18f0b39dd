/* Functions of single elements, against double precision. */
#include <math.h>

#include "gelu.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"
#include "relu.h"
#include "silu.h"

/* Relative: the exponential, and a product. */
#define DECAY_BOUND 3e-7

#define LOG2_E 1.4426950408889634

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
      } else if (kind == PANAMBA_POINTWISE_RELU) {
        check_close("relu", place, (double)a.out[place], relu(x), 0);
      } else if (kind == PANAMBA_POINTWISE_GELU) {
        check_close("gelu", place, (double)a.out[place], gelu(x), gelu_error(x, 0));
      } else {
        check_close("decay", place, (double)a.out[place], -exp(x) * LOG2_E, DECAY_BOUND * exp(x) * LOG2_E);
      }
    }
  }
  check_gaps("the gap between rows of out", a.out, PANAMBA_F32, rows, columns, a.out_row_stride);
  end_case();
}

#define POINTWISE(change) REFUSED(panamba_pointwise_args, PANAMBA_POINTWISE, a, change)

static void refusals(void) {
  begin_refusals("pointwise");
  panamba_pointwise_args a = {.x = take_filled(6, -1, 1),
                              .out = take_output(6),
                              .rows = 2,
                              .columns = 3,
                              .x_row_stride = 3,
                              .out_row_stride = 3};
  run_operation(PANAMBA_POINTWISE, &a);
  POINTWISE(x = 0);
  POINTWISE(out = 0);
  REFUSED_SIZE(panamba_pointwise_args, PANAMBA_POINTWISE, a, rows);
  REFUSED_SIZE(panamba_pointwise_args, PANAMBA_POINTWISE, a, columns);
  POINTWISE(x_row_stride = 2);
  POINTWISE(x_row_stride = INT64_MAX);
  POINTWISE(out_row_stride = 2);
  POINTWISE(out_row_stride = INT64_MAX);
  POINTWISE(kind = -1);
  POINTWISE(kind = 4);
  POINTWISE(reserved = 1);
  end_case();
}

static void test(void) {
  static const int64_t all_columns[] = {1, 3, 8, 15, 16, 17, 384, 8193};
  seed(25);
  for (size_t c = 0; c < COUNT(all_columns); c++) {
    for (int32_t kind = PANAMBA_POINTWISE_SILU; kind <= PANAMBA_POINTWISE_RELU; kind++) {
      pointwise_case(1 + draw(50), all_columns[c], kind, IN_SENTINELS, (int)draw(4));
      pointwise_case(1 + draw(3), all_columns[c], kind, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
