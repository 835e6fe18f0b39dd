#include <string.h>

#include "reference.h"
#include "support.h"

/* Two roundings of the sum of squares, a square root, a division and two products. */
#define BOUND 1e-6

static void check(int kind, int64_t rows, int64_t dim, int addend, int bias, float residual_scale, int64_t gap) {
  panamba_norm_args a = {
      .weight = random_floats(dim, 1),
      .bias = bias ? random_floats(dim, 1) : 0,
      .addend = addend ? random_floats(rows * dim, 3) : 0,
      .rows = rows,
      .dim = dim,
      .residual_row_stride = dim + gap,
      .residual_scale = residual_scale,
      .eps = 1e-5f,
      .kind = kind,
  };
  int64_t count = (rows - 1) * (dim + gap) + dim;
  float *residual = random_floats(count, 3);
  float *old = new_floats(count);
  memcpy(old, residual, (size_t)count * sizeof(float));
  float *out = new_floats(rows * dim);
  double *expected_residual = new_doubles(rows * dim);
  double *expected = new_doubles(rows * dim);
  double *scale = new_doubles(rows * dim);
  a.residual = residual;
  a.out = out;
  reference_norm(&a, old, expected_residual, expected);
  for (int64_t i = 0; i < rows * dim; i++) {
    scale[i] = 4;
  }
  if (addend) {
    run_steps(&(panamba_step){&a, PANAMBA_NORM, 0}, 1);
  } else {
    run_same_bits(PANAMBA_NORM, &a, out, rows * dim);
    compare_bits("residual", residual, old, count);
  }
  compare("norm", out, expected, scale, rows * dim, BOUND * (kind == PANAMBA_LAYER_NORM ? 4 : 1));
  for (int64_t row = 0; row < rows; row++) {
    compare("residual", residual + row * (dim + gap), expected_residual + row * dim, scale, dim, 2e-7);
    if (row + 1 < rows) {
      compare_bits("between rows", residual + row * (dim + gap) + dim, old + row * (dim + gap) + dim, gap);
    }
  }
  release_buffers();
}

static void test(void) {
  for (int kind = PANAMBA_RMS_NORM; kind <= PANAMBA_LAYER_NORM; kind++) {
    for (int64_t dim = 2; dim <= 67; dim++) {
      check(kind, 1 + dim % 19, dim, dim & 1, dim % 3 == 0, dim % 5 == 0 ? 2.0f : 1.0f, dim % 4);
    }
    check(kind, 197, 192, 1, 0, 1.0f, 0);
    check(kind, 33, 768, 0, 1, 1.0f, 0);
  }
}

int main(void) {
  on_every_tier(test);
  return 0;
}
