/* Products of matrices as they are against sums in double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* A chain of depth multiply-adds, and the accumulation: each rounds by at most 2^-24 of the sum of absolute terms. */
#define PRODUCT_BOUND(depth) ((double)((depth) + 2) * 0x1p-24)

typedef struct {
  int64_t rows;
  int64_t depth;
  int64_t columns;
  int transposed;
  float accumulate;
} product_shape;

static panamba_product_args take_arguments(const product_shape *s) {
  panamba_product_args a = {.rows = s->rows,
                            .depth = s->depth,
                            .columns = s->columns,
                            .left_row_stride = s->transposed ? 1 : s->depth + draw(4),
                            .left_depth_stride = s->transposed ? s->rows + draw(4) : 1,
                            .right_row_stride = s->columns + draw(4),
                            .out_row_stride = s->columns + draw(4),
                            .accumulate = s->accumulate};
  a.left = s->transposed ? take_rows(s->depth, s->rows, a.left_depth_stride, -1, 1)
                         : take_rows(s->rows, s->depth, a.left_row_stride, -1, 1);
  a.right = take_rows(s->depth, s->columns, a.right_row_stride, -1, 1);
  a.out = take_output((s->rows - 1) * a.out_row_stride + s->columns);
  for (int64_t row = 0; row < s->rows && s->accumulate != 0; row++) {
    fill(a.out + row * a.out_row_stride, s->columns, -1, 1);
  }
  return a;
}

static void check_product(const panamba_product_args *a) {
  const float *before = before_run(a->out);
  for (int64_t i = 0; i < a->rows; i++) {
    for (int64_t j = 0; j < a->columns; j++) {
      int64_t place = i * a->out_row_stride + j;
      double sum = a->accumulate != 0 ? (double)a->accumulate * (double)before[place] : 0;
      double size = fabs(sum);
      for (int64_t k = 0; k < a->depth; k++) {
        double term = (double)a->left[i * a->left_row_stride + k * a->left_depth_stride] *
                      (double)a->right[k * a->right_row_stride + j];
        sum += term;
        size += fabs(term);
      }
      check_close("out", place, (double)a->out[place], sum, PRODUCT_BOUND(a->depth) * size);
    }
  }
  check_gaps("the gap between rows of out", a->out, PANAMBA_F32, a->rows, a->columns, a->out_row_stride);
}

static void product_case(product_shape s, placement where, int misalignment) {
  describe("product rows %d depth %d columns %d transposed %d accumulate %g, placed %d misaligned %d", (int)s.rows,
           (int)s.depth, (int)s.columns, s.transposed, (double)s.accumulate, where, misalignment);
  begin_case(where, misalignment);
  panamba_product_args a = take_arguments(&s);
  run_operation(PANAMBA_PRODUCT, &a);
  check_product(&a);
  end_case();
}

static product_shape draw_shape(int64_t rows, int64_t depth, int64_t columns) {
  static const float accumulates[] = {0, 0, 1, -0.5f};
  return (product_shape){rows, depth, columns, (int)draw(2), PICK(accumulates)};
}

#define PRODUCT(change) REFUSED(panamba_product_args, PANAMBA_PRODUCT, a, change)
#define PRODUCT_SIZE(field) REFUSED_SIZE(panamba_product_args, PANAMBA_PRODUCT, a, field)

static void refusals(void) {
  begin_refusals("product");
  panamba_product_args a = {.left = take_filled(6, -1, 1),
                            .right = take_filled(12, -1, 1),
                            .out = take_output(8),
                            .rows = 2,
                            .depth = 3,
                            .columns = 4,
                            .left_row_stride = 3,
                            .left_depth_stride = 1,
                            .right_row_stride = 4,
                            .out_row_stride = 4};
  run_operation(PANAMBA_PRODUCT, &a);
  PRODUCT(left = 0);
  PRODUCT(right = 0);
  PRODUCT(out = 0);
  PRODUCT(out = (float *)a.left);
  PRODUCT(out = (float *)a.right);
  PRODUCT_SIZE(rows);
  PRODUCT_SIZE(depth);
  PRODUCT_SIZE(columns);
  PRODUCT(left_row_stride = 2);
  PRODUCT(left_row_stride = 1);
  PRODUCT(left_row_stride = INT64_MAX);
  PRODUCT(left_depth_stride = 2);
  PRODUCT(left_depth_stride = 0);
  PRODUCT(right_row_stride = 3);
  PRODUCT(right_row_stride = INT64_MIN);
  PRODUCT(right_row_stride = INT64_MAX);
  PRODUCT(out_row_stride = 3);
  PRODUCT(out_row_stride = -4);
  PRODUCT(out_row_stride = INT64_MAX);
  PRODUCT(reserved = 1);
  a.left_row_stride = 1;
  a.left_depth_stride = 2;
  run_operation(PANAMBA_PRODUCT, &a);
  PRODUCT(left_depth_stride = 0);
  PRODUCT(left_depth_stride = -2);
  PRODUCT(left_depth_stride = INT64_MAX);
  end_case();
}

static void test(void) {
  static const int64_t columns[] = {1, 7, 8, 15, 16, 17, 31, 32, 33, 44, 47, 48, 49, 97};
  static const int64_t depths[] = {1, 2, 3, 12, 37, 197};
  static const int64_t tall[] = {71, 72, 73, 145};
  static const int64_t deep[] = {255, 256, 257, 512, 513, 1000};
  seed(23);
  for (int64_t rows = 1; rows <= 20; rows++) {
    for (size_t c = 0; c < COUNT(columns); c++) {
      product_case(draw_shape(rows, PICK(depths), columns[c]), IN_SENTINELS, (int)draw(4));
    }
  }
  for (size_t i = 0; i < COUNT(tall) * COUNT(columns); i++) {
    product_case(draw_shape(tall[i % COUNT(tall)], PICK(depths), columns[i / COUNT(tall)]), IN_SENTINELS, (int)draw(4));
  }
  for (size_t i = 0; i < COUNT(deep) * 4; i++) {
    product_case(draw_shape(1 + draw(30), deep[i / 4], 1 + draw(60)), IN_SENTINELS, (int)draw(4));
  }
  for (int64_t rows = 1; rows <= 30; rows++) {
    product_case(draw_shape(rows, 1 + draw(20), 1 + draw(100)), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
