#include <string.h>

#include "reference.h"
#include "support.h"

/* A chain of fused multiply-adds errs by at most depth halves of a unit in the last place of the sum of magnitudes;
 * rounding mostly cancels. */
#define BOUND(depth) ((double)(depth)*0x1p-24 + 0x1p-22)

static void check(int64_t rows, int64_t depth, int64_t columns, int64_t input_gap, int64_t out_gap, int bias,
                  float accumulate) {
  panamba_linear_args a = {
      .rows = rows,
      .depth = depth,
      .columns = columns,
      .input_row_stride = depth + input_gap,
      .out_row_stride = columns + out_gap,
      .accumulate = accumulate,
  };
  float *weight = random_floats(columns * depth, 1);
  void *packed = new_bytes(panamba_packed_size(columns, depth, PANAMBA_F32));
  panamba_pack_args pack = {weight, 0, packed, columns, depth, depth, 1, PANAMBA_F32, PANAMBA_F32};
  CHECK(panamba_pack(&pack, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  int64_t out_count = (rows - 1) * a.out_row_stride + columns;
  a.input = random_floats((rows - 1) * a.input_row_stride + depth, 1);
  a.weight = packed;
  a.bias = bias ? random_floats(columns, 1) : 0;
  float *out = accumulate != 0 ? random_floats(out_count, 1) : new_floats(out_count);
  float *old = new_floats(out_count);
  memcpy(old, out, (size_t)out_count * sizeof(float));
  a.out = out;
  double *expected = new_doubles(rows * columns);
  double *scale = new_doubles(rows * columns);
  reference_linear(&a, weight, old, expected, scale);
  run_same_bits(PANAMBA_LINEAR, &a, out, out_count);
  for (int64_t row = 0; row < rows; row++) {
    compare("linear", out + row * a.out_row_stride, expected + row * columns, scale + row * columns, columns,
            BOUND(depth));
    if (row + 1 < rows) {
      compare_bits("between rows", out + row * a.out_row_stride + columns, old + row * a.out_row_stride + columns,
                   out_gap);
    }
  }
  /* A row alone has the bits that it has among others. */
  panamba_linear_args one = a;
  one.rows = 1;
  one.input = (const float *)a.input + (rows / 2) * a.input_row_stride;
  float *single = new_floats(columns);
  memcpy(single, old + (rows / 2) * a.out_row_stride, (size_t)columns * sizeof(float));
  one.out = single;
  one.out_row_stride = columns;
  run_steps(&(panamba_step){&one, PANAMBA_LINEAR, 0}, 1);
  compare_bits("row alone", single, out + (rows / 2) * a.out_row_stride, columns);
  release_buffers();
}

static void test(void) {
  static const int64_t columns[] = {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 44, 47, 48, 49, 95, 96, 97, 144};
  static const int64_t depths[] = {1, 2, 3, 12, 37, 192};
  for (int i = 0; i < COUNT(columns); i++) {
    for (int64_t rows = 1; rows <= 20; rows += 1 + i % 3) {
      check(rows, pick(depths, COUNT(depths)), columns[i], rows % 3, i % 4, (int)rows & 1, rows % 4 == 0 ? 1.0f : 0.0f);
    }
  }
  check(73, 12, 48, 5, 3, 1, 2.0f);
  check(197, 192, 44, 0, 0, 0, -0.5f);
  check(145, 384, 50, 0, 0, 1, 1.0f);
  check(1, 192, 1000, 0, 0, 1, 0.0f);
}

int main(void) {
  on_every_tier(test);
  return 0;
}
