/* Rows in another type, number by number. */
#include "harness.h"
#include "memory.h"
#include "refusal.h"

static const int64_t gaps[] = {0, 0, 1, 5, 16};

static void convert_case(int64_t rows, int64_t columns, placement where, int misalignment) {
  panamba_convert_args a = {.rows = rows,
                            .columns = columns,
                            .x_row_stride = columns + PICK(gaps),
                            .out_row_stride = columns + PICK(gaps),
                            .dtype = draw_dtype(),
                            .out_dtype = draw_dtype()};
  describe("convert %d rows of %d, dtypes %d and %d, placed %d misaligned %d", (int)rows, (int)columns, a.dtype,
           a.out_dtype, where, misalignment);
  begin_case(where, misalignment);
  a.x = take_rows_of(a.dtype, rows, columns, a.x_row_stride, -2, 2);
  a.out = take_output_of(a.out_dtype, (rows - 1) * a.out_row_stride + columns);
  run_operation(PANAMBA_CONVERT, &a);
  for (int64_t i = 0; i < rows * columns; i++) {
    double x = element(a.x, a.dtype, i / columns * a.x_row_stride + i % columns);
    double got = element(a.out, a.out_dtype, i / columns * a.out_row_stride + i % columns);
    CHECK(got == rounded(a.out_dtype, (float)x), "out[%d] is %a, x is %a", (int)i, got, x);
  }
  check_gaps("the gap between rows of out", a.out, a.out_dtype, rows, columns, a.out_row_stride);
  end_case();
}

#define CONVERT(change) REFUSED(panamba_convert_args, PANAMBA_CONVERT, a, change)
#define CONVERT_SIZE(field) REFUSED_SIZE(panamba_convert_args, PANAMBA_CONVERT, a, field)

static void refusals(void) {
  begin_refusals("convert");
  panamba_convert_args a = {.x = take_filled(12, -1, 1),
                            .out = take_output(12),
                            .rows = 3,
                            .columns = 4,
                            .x_row_stride = 4,
                            .out_row_stride = 4};
  run_operation(PANAMBA_CONVERT, &a);
  CONVERT(x = 0);
  CONVERT(out = 0);
  CONVERT(out = (void *)a.x);
  CONVERT_SIZE(rows);
  CONVERT_SIZE(columns);
  CONVERT_SIZE(x_row_stride);
  CONVERT_SIZE(out_row_stride);
  CONVERT(x_row_stride = 3);
  CONVERT(out_row_stride = 3);
  REFUSED_DTYPE(panamba_convert_args, PANAMBA_CONVERT, a, dtype);
  REFUSED_DTYPE(panamba_convert_args, PANAMBA_CONVERT, a, out_dtype);
  end_case();
}

static void test(void) {
  seed(37);
  for (int64_t columns = 1; columns <= 70; columns++) {
    convert_case(1 + draw(3), columns, draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    convert_case(1 + draw(400), columns, IN_SENTINELS, (int)draw(4));
  }
  convert_case(3, 9000, IN_SENTINELS, 0);
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
