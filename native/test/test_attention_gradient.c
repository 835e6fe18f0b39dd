/* The gradient of attention against one in double precision, and that against differences. */
#include <math.h>
#include <string.h>

#include "difference.h"
#include "harness.h"
#include "memory.h"
#include "refusal.h"

#define MOST_LENGTH 210
#define MOST_DIM 128

static const int64_t all_lengths[] = {1, 2, 3, 15, 16, 17, 47, 48, 49, 71, 72, 73, 100, 145, 197};
static const int64_t all_dims[] = {1, 2, 3, 7, 8, 12, 15, 16, 17, 47, 48, 49, 64, 65, 80, 127, 128};

typedef struct {
  int64_t batch;
  int64_t length;
  int64_t heads;
  int64_t head_dim;
  int packed; /* q, k and v, and their gradients, are columns of the same rows */
  double size;
} shape;

/* A row of one head. */
static int64_t row_at(const panamba_attention_gradient_args *a, int64_t plane, int64_t row, int64_t stride) {
  return (plane / a->heads * a->length + row) * stride + plane % a->heads * a->head_dim;
}

static void take_gradients(panamba_attention_gradient_args *a, const shape *s) {
  int64_t width = s->heads * s->head_dim;
  int64_t rows = s->batch * s->length;
  if (s->packed) {
    a->q_gradient_row_stride = a->k_gradient_row_stride = a->v_gradient_row_stride = 3 * width;
    a->q_gradient = take_output(rows * 3 * width);
    a->k_gradient = a->q_gradient + width;
    a->v_gradient = a->k_gradient + width;
    return;
  }
  a->q_gradient_row_stride = width + draw(3);
  a->k_gradient_row_stride = width + draw(3);
  a->v_gradient_row_stride = width + draw(3);
  a->q_gradient = take_output((rows - 1) * a->q_gradient_row_stride + width);
  a->k_gradient = take_output((rows - 1) * a->k_gradient_row_stride + width);
  a->v_gradient = take_output((rows - 1) * a->v_gradient_row_stride + width);
}

/* The forward pass has been run. */
static panamba_attention_gradient_args take_arguments(const shape *s) {
  int64_t width = s->heads * s->head_dim;
  int64_t rows = s->batch * s->length;
  panamba_attention_gradient_args a = {.batch = s->batch,
                                       .length = s->length,
                                       .heads = s->heads,
                                       .head_dim = s->head_dim,
                                       .q_row_stride = s->packed ? 3 * width : width + draw(3),
                                       .k_row_stride = s->packed ? 3 * width : width + draw(3),
                                       .v_row_stride = s->packed ? 3 * width : width + draw(3),
                                       .out_row_stride = width + draw(3),
                                       .out_gradient_row_stride = width + draw(3),
                                       .scale = (float)(1 / sqrt((double)s->head_dim))};
  a.q = take_rows(rows, s->packed ? 3 * width : width, a.q_row_stride, -s->size, s->size);
  a.k = s->packed ? a.q + width : take_rows(rows, width, a.k_row_stride, -s->size, s->size);
  a.v = s->packed ? a.k + width : take_rows(rows, width, a.v_row_stride, -s->size, s->size);
  a.out_gradient = take_rows(rows, width, a.out_gradient_row_stride, -1, 1);
  float *out = take_output((rows - 1) * a.out_row_stride + width);
  float *statistics = take_output(s->batch * s->heads * 2 * s->length);
  a.out = out;
  a.statistics = statistics;
  panamba_attention_args forward = {.q = a.q,
                                    .k = a.k,
                                    .v = a.v,
                                    .out = out,
                                    .statistics = statistics,
                                    .batch = s->batch,
                                    .queries = s->length,
                                    .length = s->length,
                                    .heads = s->heads,
                                    .head_dim = s->head_dim,
                                    .q_row_stride = a.q_row_stride,
                                    .k_row_stride = a.k_row_stride,
                                    .v_row_stride = a.v_row_stride,
                                    .out_row_stride = a.out_row_stride,
                                    .scale = a.scale,
                                    .dtype = PANAMBA_F32};
  run_once(PANAMBA_ATTENTION, &forward);
  take_gradients(&a, s);
  return a;
}

/* One query's softmax in double precision; the result is the largest sum of absolute terms of a score. */
static double softmax(const panamba_attention_gradient_args *a, int64_t plane, int64_t query, double *weights) {
  const float *q = a->q + row_at(a, plane, query, a->q_row_stride);
  double most = 0, largest = -INFINITY, total = 0;
  for (int64_t key = 0; key < a->length; key++) {
    const float *k = a->k + row_at(a, plane, key, a->k_row_stride);
    double sum = 0, size = 0;
    for (int64_t i = 0; i < a->head_dim; i++) {
      sum += (double)q[i] * (double)k[i];
      size += fabs((double)q[i] * (double)k[i]);
    }
    weights[key] = (double)a->scale * sum;
    most = fmax(most, (double)a->scale * size);
    largest = fmax(largest, weights[key]);
  }
  for (int64_t key = 0; key < a->length; key++) {
    weights[key] = exp(weights[key] - largest);
    total += weights[key];
  }
  for (int64_t key = 0; key < a->length; key++) {
    weights[key] /= total;
  }
  return most;
}

/* A sum and that of its absolute terms. */
typedef struct {
  double value;
  double size;
} term_sum;

static void add(term_sum *sum, double value, double size) {
  sum->value += value;
  sum->size += size;
}

static void check_sums(const char *what, const panamba_attention_gradient_args *a, int64_t plane, const float *got,
                       int64_t stride, term_sum (*sums)[MOST_DIM], double bound) {
  for (int64_t row = 0; row < a->length; row++) {
    for (int64_t i = 0; i < a->head_dim; i++) {
      int64_t place = row_at(a, plane, row, stride) + i;
      check_close(what, place, (double)got[place], sums[row][i].value, bound * sums[row][i].size);
    }
  }
}

static void check_head(const panamba_attention_gradient_args *a, int64_t plane) {
  static term_sum q_sums[MOST_LENGTH][MOST_DIM], k_sums[MOST_LENGTH][MOST_DIM], v_sums[MOST_LENGTH][MOST_DIM];
  double weights[MOST_LENGTH];
  double most = 0;
  memset(q_sums, 0, sizeof q_sums);
  memset(k_sums, 0, sizeof k_sums);
  memset(v_sums, 0, sizeof v_sums);
  for (int64_t query = 0; query < a->length; query++) {
    const float *q = a->q + row_at(a, plane, query, a->q_row_stride);
    const float *g = a->out_gradient + row_at(a, plane, query, a->out_gradient_row_stride);
    most = fmax(most, softmax(a, plane, query, weights));
    double slopes[MOST_LENGTH], sizes[MOST_LENGTH];
    term_sum dot = {0, 0};
    for (int64_t key = 0; key < a->length; key++) {
      const float *v = a->v + row_at(a, plane, key, a->v_row_stride);
      term_sum slope = {0, 0};
      for (int64_t i = 0; i < a->head_dim; i++) {
        double term = (double)g[i] * (double)v[i];
        add(&slope, term, fabs(term));
        add(&v_sums[key][i], weights[key] * (double)g[i], fabs(weights[key] * (double)g[i]));
      }
      add(&dot, weights[key] * slope.value, weights[key] * slope.size);
      slopes[key] = slope.value;
      sizes[key] = slope.size;
    }
    for (int64_t key = 0; key < a->length; key++) {
      const float *k = a->k + row_at(a, plane, key, a->k_row_stride);
      double factor = (double)a->scale * weights[key] * (slopes[key] - dot.value);
      double size = (double)a->scale * weights[key] * (sizes[key] + dot.size);
      for (int64_t i = 0; i < a->head_dim; i++) {
        add(&q_sums[query][i], factor * (double)k[i], size * fabs((double)k[i]));
        add(&k_sums[key][i], factor * (double)q[i], size * fabs((double)q[i]));
      }
    }
  }
  /* Scores and what multiplies them, exp, and sums over the dimensions, over a block and over blocks. */
  double bound = 2 * expm1((double)(a->head_dim + 5) * 0x1p-24 * most) + 1e-6 +
                 (double)(2 * a->head_dim + 120 + a->length / 16) * 0x1p-24;
  check_sums("q_gradient", a, plane, a->q_gradient, a->q_gradient_row_stride, q_sums, bound);
  check_sums("k_gradient", a, plane, a->k_gradient, a->k_gradient_row_stride, k_sums, bound);
  check_sums("v_gradient", a, plane, a->v_gradient, a->v_gradient_row_stride, v_sums, bound);
}

static void gradient_case(shape s, placement where, int misalignment) {
  describe("attention gradient batch %d length %d heads %d of %d packed %d, numbers to %g, placed %d misaligned %d",
           (int)s.batch, (int)s.length, (int)s.heads, (int)s.head_dim, s.packed, s.size, where, misalignment);
  begin_case(where, misalignment);
  panamba_attention_gradient_args a = take_arguments(&s);
  run_operation(PANAMBA_ATTENTION_GRADIENT, &a);
  for (int64_t plane = 0; plane < s.batch * s.heads; plane++) {
    check_head(&a, plane);
  }
  if (!s.packed) {
    int64_t rows = s.batch * s.length;
    int64_t width = s.heads * s.head_dim;
    check_gaps("the gap of q_gradient", a.q_gradient, PANAMBA_F32, rows, width, a.q_gradient_row_stride);
    check_gaps("the gap of k_gradient", a.k_gradient, PANAMBA_F32, rows, width, a.k_gradient_row_stride);
    check_gaps("the gap of v_gradient", a.v_gradient, PANAMBA_F32, rows, width, a.v_gradient_row_stride);
  }
  end_case();
}

static shape draw_shape(int64_t length, int64_t head_dim) {
  return (shape){1 + draw(2), length, 1 + draw(2), head_dim, (int)draw(2), draw(2) ? 1 : 3};
}

static double loss_of(const void *args) {
  const panamba_attention_gradient_args *a = args;
  double weights[MOST_LENGTH];
  double loss = 0;
  for (int64_t plane = 0; plane < a->batch * a->heads; plane++) {
    for (int64_t query = 0; query < a->length; query++) {
      const float *g = a->out_gradient + row_at(a, plane, query, a->out_gradient_row_stride);
      softmax(a, plane, query, weights);
      for (int64_t key = 0; key < a->length; key++) {
        const float *v = a->v + row_at(a, plane, key, a->v_row_stride);
        for (int64_t i = 0; i < a->head_dim; i++) {
          loss += (double)g[i] * weights[key] * (double)v[i];
        }
      }
    }
  }
  return loss;
}

static void differences(void) {
  for (int repeat = 0; repeat < THIN(30, 5); repeat++) {
    shape s = {1 + draw(2), 1 + draw(12), 1 + draw(2), 1 + draw(10), 0, 1};
    describe("differences of attention, length %d heads %d of %d", (int)s.length, (int)s.heads, (int)s.head_dim);
    begin_case(IN_SENTINELS, 0);
    panamba_attention_gradient_args a = take_arguments(&s);
    run_operation(PANAMBA_ATTENTION_GRADIENT, &a);
    int64_t plane = draw(s.batch * s.heads);
    int64_t row = draw(s.length);
    int64_t i = draw(s.head_dim);
    check_difference("q", loss_of, &a, a.q + row_at(&a, plane, row, a.q_row_stride) + i, 1,
                     (double)a.q_gradient[row_at(&a, plane, row, a.q_gradient_row_stride) + i]);
    check_difference("k", loss_of, &a, a.k + row_at(&a, plane, row, a.k_row_stride) + i, 1,
                     (double)a.k_gradient[row_at(&a, plane, row, a.k_gradient_row_stride) + i]);
    check_difference("v", loss_of, &a, a.v + row_at(&a, plane, row, a.v_row_stride) + i, 1,
                     (double)a.v_gradient[row_at(&a, plane, row, a.v_gradient_row_stride) + i]);
    end_case();
  }
}

#define GRADIENT(change) REFUSED(panamba_attention_gradient_args, PANAMBA_ATTENTION_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_attention_gradient_args, PANAMBA_ATTENTION_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("attention_gradient");
  panamba_attention_gradient_args a = {.q = take_filled(48, -1, 1),
                                       .k = take_filled(48, -1, 1),
                                       .v = take_filled(48, -1, 1),
                                       .out = take_filled(48, -1, 1),
                                       .statistics = take_filled(24, 1, 2),
                                       .out_gradient = take_filled(48, -1, 1),
                                       .q_gradient = take_output(48),
                                       .k_gradient = take_output(48),
                                       .v_gradient = take_output(48),
                                       .batch = 2,
                                       .length = 3,
                                       .heads = 2,
                                       .head_dim = 4,
                                       .q_row_stride = 8,
                                       .k_row_stride = 8,
                                       .v_row_stride = 8,
                                       .out_row_stride = 8,
                                       .out_gradient_row_stride = 8,
                                       .q_gradient_row_stride = 8,
                                       .k_gradient_row_stride = 8,
                                       .v_gradient_row_stride = 8,
                                       .scale = 0.5f};
  run_operation(PANAMBA_ATTENTION_GRADIENT, &a);
  GRADIENT(q = 0);
  GRADIENT(k = 0);
  GRADIENT(v = 0);
  GRADIENT(out = 0);
  GRADIENT(statistics = 0);
  GRADIENT(out_gradient = 0);
  GRADIENT(q_gradient = 0);
  GRADIENT(k_gradient = 0);
  GRADIENT(v_gradient = 0);
  GRADIENT(q_gradient = (float *)a.q);
  GRADIENT(k_gradient = (float *)a.k);
  GRADIENT(v_gradient = (float *)a.v);
  GRADIENT(q_gradient = (float *)a.out);
  GRADIENT(k_gradient = (float *)a.statistics);
  GRADIENT(v_gradient = (float *)a.out_gradient);
  GRADIENT(q_gradient = a.k_gradient);
  GRADIENT(q_gradient = a.v_gradient);
  GRADIENT(k_gradient = a.v_gradient);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(length);
  GRADIENT_SIZE(heads);
  GRADIENT_SIZE(head_dim);
  GRADIENT(head_dim = PANAMBA_MAX_HEAD_DIM + 1);
  GRADIENT(q_row_stride = 7);
  GRADIENT(k_row_stride = INT64_MAX);
  GRADIENT(v_row_stride = -8);
  GRADIENT(out_row_stride = 7);
  GRADIENT(out_gradient_row_stride = INT64_MIN);
  GRADIENT(q_gradient_row_stride = 7);
  GRADIENT(k_gradient_row_stride = 7);
  GRADIENT(v_gradient_row_stride = INT64_MAX);
  GRADIENT(scale = 0);
  GRADIENT(scale = NAN);
  GRADIENT(scale = INFINITY);
  GRADIENT(reserved = 1);
  end_case();
}

static void test(void) {
  seed(33);
  for (size_t l = 0; l < COUNT(all_lengths); l++) {
    for (size_t d = (size_t)draw(THIN(2, 5)); d < COUNT(all_dims); d += THIN(2, 5)) {
      gradient_case(draw_shape(all_lengths[l], all_dims[d]), IN_SENTINELS, (int)draw(4));
    }
  }
  for (int64_t length = 1; length < 110; length += 1 + draw(THIN(5, 20))) {
    gradient_case(draw_shape(length, 1 + draw(40)), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
  differences();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
