/* Gates, product by product. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

static const int64_t gaps[] = {0, 0, 1, 5, 16};

static void gate_case(int64_t rows, int64_t columns, int in_place, placement where, int misalignment) {
  panamba_gate_args a = {.rows = rows,
                         .columns = columns,
                         .gate_row_stride = columns + PICK(gaps),
                         .x_row_stride = columns + PICK(gaps),
                         .out_row_stride = columns + PICK(gaps),
                         .dtype = draw_dtype()};
  describe("gate of %d rows of %d, in place %d dtype %d, placed %d misaligned %d", (int)rows, (int)columns, in_place,
           a.dtype, where, misalignment);
  begin_case(where, misalignment);
  a.gate = take_rows_of(a.dtype, rows, columns, a.gate_row_stride, -2, 2);
  a.x = take_rows_of(a.dtype, rows, columns, a.x_row_stride, -2, 2);
  a.out = take_output_of(a.dtype, (rows - 1) * a.out_row_stride + columns);
  if (in_place) {
    for (int64_t row = 0; row < rows; row++) {
      fill_elements(a.out, a.dtype, row * a.out_row_stride, columns, -2, 2);
    }
    *(in_place == 1 ? &a.gate : &a.x) = a.out;
    *(in_place == 1 ? &a.gate_row_stride : &a.x_row_stride) = a.out_row_stride;
  }
  run_operation(PANAMBA_GATE, &a);
  const void *gates = a.gate == a.out ? before_run(a.out) : a.gate;
  const void *x = a.x == a.out ? before_run(a.out) : a.x;
  for (int64_t i = 0; i < rows * columns; i++) {
    double gate = element(gates, a.dtype, i / columns * a.gate_row_stride + i % columns);
    double wanted = gate * element(x, a.dtype, i / columns * a.x_row_stride + i % columns);
    check_element("out", a.out, a.dtype, i / columns * a.out_row_stride + i % columns, wanted, fabs(wanted) * 0x1p-24);
  }
  check_gaps("the gap between rows of out", a.out, a.dtype, rows, columns, a.out_row_stride);
  end_case();
}

#define GATE(change) REFUSED(panamba_gate_args, PANAMBA_GATE, a, change)
#define GATE_SIZE(field) REFUSED_SIZE(panamba_gate_args, PANAMBA_GATE, a, field)

static void refusals(void) {
  begin_refusals("gate");
  panamba_gate_args a = {.gate = take_filled(12, -1, 1),
                         .x = take_filled(12, -1, 1),
                         .out = take_output(12),
                         .rows = 3,
                         .columns = 4,
                         .gate_row_stride = 4,
                         .x_row_stride = 4,
                         .out_row_stride = 4};
  run_operation(PANAMBA_GATE, &a);
  GATE(gate = 0);
  GATE(x = 0);
  GATE(out = 0);
  GATE_SIZE(rows);
  GATE_SIZE(columns);
  GATE_SIZE(gate_row_stride);
  GATE_SIZE(x_row_stride);
  GATE_SIZE(out_row_stride);
  GATE(gate_row_stride = 3);
  GATE(x_row_stride = 3);
  GATE(out_row_stride = 3);
  GATE(reserved = 1);
  REFUSED_DTYPE(panamba_gate_args, PANAMBA_GATE, a, dtype);
  a.gate = a.out;
  GATE(gate_row_stride = 5);
  a.x = a.out;
  GATE(x_row_stride = 5);
  end_case();
}

static void test(void) {
  seed(33);
  for (int64_t columns = 1; columns <= 70; columns++) {
    for (int64_t rows = 1; rows <= 3; rows++) {
      gate_case(rows, columns, (int)draw(3), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
    gate_case(1 + draw(400), columns, (int)draw(3), IN_SENTINELS, (int)draw(4));
  }
  gate_case(3, 9000, 0, IN_SENTINELS, 0);
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
