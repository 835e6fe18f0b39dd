/* Attention against a softmax in double precision over all keys at once. */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Keys that are summed in one chain; sums of chains are another. */
#define BLOCK 108

/* Of a weight, relative: 2^t and the rounding of t, whose product with the weight is largest at t = -1.4. */
#define WEIGHT_BOUND 4e-7

#define MOST_LENGTH 1100

static const int64_t all_lengths[] = {1, 2, 3, 4, 7, 16, 17, 31, 48, 50, 95, 97, 107, 108, 109, 197, 217, 325};
static const int64_t all_dims[] = {1, 2, 3, 5, 8, 9, 12, 15, 16, 17, 31, 33, 63, 64, 65, 80, 127, 128};

typedef struct {
  int64_t batch;
  int64_t length;
  int64_t heads;
  int64_t head_dim;
  int32_t dtype;
  int packed; /* q, k and v are columns of the same rows */
  double size;
  int64_t queries; /* 0 for as many as there are keys; packed rows have no fewer */
} attention_shape;

static double scale_of(int64_t head_dim) { return 1 / sqrt((double)head_dim); }

static panamba_attention_args take_arguments(const attention_shape *s) {
  int64_t width = s->heads * s->head_dim;
  int64_t rows = s->batch * s->length;
  int64_t queries = s->queries ? s->queries : s->length;
  panamba_attention_args a = {.batch = s->batch,
                              .queries = queries,
                              .length = s->length,
                              .heads = s->heads,
                              .head_dim = s->head_dim,
                              .scale = (float)scale_of(s->head_dim),
                              .dtype = s->dtype};
  if (s->packed) {
    a.q_row_stride = a.k_row_stride = a.v_row_stride = 3 * width;
    a.q = take_rows_of(s->dtype, rows, 3 * width, 3 * width, -s->size, s->size);
    a.k = place_of(a.q, s->dtype, width);
    a.v = place_of(a.q, s->dtype, 2 * width);
  } else {
    a.q_row_stride = width + draw(3);
    a.k_row_stride = width + draw(3);
    a.v_row_stride = width + draw(3);
    a.q = take_rows_of(s->dtype, s->batch * queries, width, a.q_row_stride, -s->size, s->size);
    a.k = take_rows_of(s->dtype, rows, width, a.k_row_stride, -s->size, s->size);
    a.v = take_rows_of(s->dtype, rows, width, a.v_row_stride, -s->size, s->size);
  }
  a.out_row_stride = width + draw(3);
  a.out = take_output_of(s->dtype, (s->batch * queries - 1) * a.out_row_stride + width);
  a.statistics = draw(2) ? take_output(s->batch * s->heads * 2 * queries) : 0;
  return a;
}

/* Scores of one query in double precision; the largest sum of absolute terms is what their errors are relative to. */
static double score(const panamba_attention_args *a, int64_t image, int64_t head, int64_t query, double *scores) {
  double most = 0;
  int64_t column = head * a->head_dim;
  for (int64_t key = 0; key < a->length; key++) {
    double sum = 0;
    double size = 0;
    for (int64_t i = 0; i < a->head_dim; i++) {
      double term = element(a->q, a->dtype, (image * a->queries + query) * a->q_row_stride + column + i) *
                    element(a->k, a->dtype, (image * a->length + key) * a->k_row_stride + column + i);
      sum += term;
      size += fabs(term);
    }
    scores[key] = (double)a->scale * sum;
    most = fmax(most, (double)a->scale * size);
  }
  return most;
}

static void check_query(const panamba_attention_args *a, int64_t image, int64_t head, int64_t query, int exact) {
  double weights[MOST_LENGTH];
  double size = score(a, image, head, query, weights);
  double largest = -INFINITY;
  double total = 0;
  for (int64_t key = 0; key < a->length; key++) {
    largest = fmax(largest, weights[key]);
  }
  for (int64_t key = 0; key < a->length; key++) {
    weights[key] = exp(weights[key] - largest);
    total += weights[key];
  }
  /* A score is a chain of multiply-adds, then a product with the scale, the maximum taken off. */
  double score_error = (double)(exact ? 3 : a->head_dim + 5) * 0x1p-24 * size;
  double sum_error = (double)(BLOCK + a->length / BLOCK + 4) * 0x1p-24;
  double relative = 2 * (expm1(score_error) + WEIGHT_BOUND + sum_error);
  if (a->statistics) {
    const float *m = a->statistics + (image * a->heads + head) * 2 * a->queries + query;
    double scaled = (double)m[0] * (double)a->scale;
    check_close("maximum", query, scaled, largest, score_error + 1e-37);
    double sum = (double)m[a->queries] * exp(scaled - largest);
    double rounding = a->dtype == PANAMBA_F32 ? 0 : BFLOAT_ROUNDING;
    check_close("sum", query, sum, total, (relative + rounding) * total);
  }
  relative += a->dtype == PANAMBA_F32 ? 0 : 2 * BFLOAT_ROUNDING;
  int64_t column = head * a->head_dim;
  for (int64_t i = 0; i < a->head_dim; i++) {
    double sum = 0;
    double terms = 0;
    for (int64_t key = 0; key < a->length; key++) {
      double term =
          weights[key] * element(a->v, a->dtype, (image * a->length + key) * a->v_row_stride + column + i) / total;
      sum += term;
      terms += fabs(term);
    }
    int64_t place = (image * a->queries + query) * a->out_row_stride + column + i;
    check_element("out", a->out, a->dtype, place, sum, relative * terms);
  }
}

static void check_all(const panamba_attention_args *a, int exact) {
  for (int64_t plane = 0; plane < a->batch * a->heads; plane++) {
    for (int64_t query = 0; query < a->queries; query += 1 + draw(1 + a->queries / THIN(40, 10))) {
      check_query(a, plane / a->heads, plane % a->heads, query, exact);
    }
  }
  check_gaps("the gap between rows of out", a->out, a->dtype, a->batch * a->queries, a->heads * a->head_dim,
             a->out_row_stride);
}

static void describe_shape(const char *what, const attention_shape *s) {
  describe("attention%s: batch %d queries %d length %d heads %d of %d dtype %d packed %d numbers to %g", what,
           (int)s->batch, (int)s->queries, (int)s->length, (int)s->heads, (int)s->head_dim, s->dtype, s->packed,
           s->size);
}

static void attention_case(attention_shape s, placement where, int misalignment) {
  describe_shape(where == IN_SENTINELS ? "" : " at a guard page", &s);
  begin_case(where, misalignment);
  panamba_attention_args a = take_arguments(&s);
  run_operation(PANAMBA_ATTENTION, &a);
  check_all(&a, 0);
  end_case();
}

static attention_shape draw_shape(int64_t length, int64_t head_dim) {
  return (attention_shape){.batch = 1 + draw(2),
                           .length = length,
                           .heads = 1 + draw(3),
                           .head_dim = head_dim,
                           .dtype = draw_dtype(),
                           .packed = (int)draw(2),
                           .size = draw(2) ? 1 : 3};
}

static void sweep(void) {
  for (size_t l = 0; l < COUNT(all_lengths); l++) {
    for (size_t d = (size_t)draw(THIN(1, 4)); d < COUNT(all_dims); d += THIN(1, 4)) {
      attention_case(draw_shape(all_lengths[l], all_dims[d]), IN_SENTINELS, (int)draw(4));
    }
  }
  for (int64_t length = 1; length < 130; length += 1 + draw(THIN(3, 9))) {
    attention_case(draw_shape(length, 1 + draw(40)), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
}

/* Where few rows are wanted: 1, 2, or some odd number of queries. */
static void few_queries(void) {
  for (size_t l = 0; l < COUNT(all_lengths); l++) {
    for (int repeat = 0; repeat < THIN(6, 3); repeat++) {
      attention_shape s = draw_shape(all_lengths[l], PICK(all_dims));
      s.queries = repeat % 3 < 2 ? 1 + repeat % 3 : 3 + 2 * draw(1 + s.length / 4);
      if (s.queries < s.length) {
        s.packed = 0;
        attention_case(s, (placement)draw(3), 0);
      }
    }
  }
}

/* Some rows as queries of their own: they have the bits that they have among all. The longest sequence is cut into
 * larger tiles where all rows are queries. */
static void few_queries_have_the_bits_of_all(void) {
  static const int64_t lengths[] = {4, 17, 50, 109, 197, 1100};
  for (int repeat = 0; repeat < (int)(3 * THIN(2, 1) * COUNT(lengths)); repeat++) {
    attention_shape s = draw_shape(lengths[(size_t)repeat / 3 % COUNT(lengths)], PICK(all_dims));
    if (s.length > 1000) {
      s.batch = s.heads = 1;
    }
    int64_t queries = repeat % 3 < 2 ? 1 + repeat % 3 : 3 + 2 * draw(s.length / 4);
    int64_t first = draw(s.length - queries + 1);
    int64_t width = s.heads * s.head_dim;
    describe_shape(", and of some rows", &s);
    begin_case(IN_SENTINELS, (int)draw(4));
    panamba_attention_args all = take_arguments(&s);
    all.statistics = take_output(s.batch * s.heads * 2 * s.length);
    panamba_attention_args few = all;
    few.queries = queries;
    few.q_row_stride = few.out_row_stride = width;
    few.q = take_input_of(s.dtype, s.batch * queries * width);
    few.out = take_output_of(s.dtype, s.batch * queries * width);
    few.statistics = take_output(s.batch * s.heads * 2 * queries);
    for (int64_t row = 0; row < s.batch * queries; row++) {
      int64_t source = (row / queries * s.length + first + row % queries) * all.q_row_stride;
      for (int64_t i = 0; i < width; i++) {
        set_element((void *)few.q, s.dtype, row * width + i, (float)element(all.q, s.dtype, source + i));
      }
    }
    run_once(PANAMBA_ATTENTION, &all);
    run_operation(PANAMBA_ATTENTION, &few);
    for (int64_t row = 0; row < s.batch * queries; row++) {
      int64_t source = (row / queries * s.length + first + row % queries) * all.out_row_stride;
      check_same_elements("row", s.dtype, place_of(few.out, s.dtype, row * width), place_of(all.out, s.dtype, source),
                          width);
    }
    for (int64_t row = 0; row < s.batch * s.heads * 2; row++) {
      check_same_elements("statistics", PANAMBA_F32, few.statistics + row * queries,
                          all.statistics + row * s.length + first, queries);
    }
    end_case();
  }
}

/* Sequences that are cut into larger tiles. */
static void long_sequences(void) {
  static const int64_t lengths[] = {1024, 1025, 1100};
  for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
    attention_shape s = {1, lengths[i / 2], 1, i % 2 ? 12 : 65, i % 3 ? PANAMBA_F32 : PANAMBA_BF16, 1, 1, 0};
    attention_case(s, i % 2 ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
}

/* Whole numbers, so that scores are exact: they reach thousands, and their differences too. */
static void extreme_scores(void) {
  for (int repeat = 0; repeat < 12; repeat++) {
    attention_shape s = draw_shape(PICK(all_lengths), 64);
    s.dtype = repeat % 2 ? PANAMBA_F32 : PANAMBA_BF16;
    describe_shape(" with extreme scores", &s);
    begin_case(IN_SENTINELS, 0);
    panamba_attention_args a = take_arguments(&s);
    int64_t width = s.heads * s.head_dim;
    for (int64_t row = 0; row < s.batch * s.length; row++) {
      for (int64_t i = 0; i < width; i++) {
        set_element((void *)a.q, s.dtype, row * a.q_row_stride + i, (float)(draw(401) - 200) / (repeat % 3 ? 1 : 4));
        set_element((void *)a.k, s.dtype, row * a.k_row_stride + i, (float)(draw(401) - 200));
      }
    }
    run_operation(PANAMBA_ATTENTION, &a);
    check_all(&a, 1);
    end_case();
  }
}

/* The running maximum grows from the first block of keys to the last, or is reached in the first. */
static void sorted_scores(void) {
  for (int repeat = 0; repeat < 8; repeat++) {
    attention_shape s = {1, 325, 2, 17, repeat % 2 ? PANAMBA_F32 : PANAMBA_BF16, 0, 1, 0};
    describe_shape(repeat < 4 ? " with scores that grow" : " with scores that shrink", &s);
    begin_case(IN_SENTINELS, 0);
    panamba_attention_args a = take_arguments(&s);
    for (int64_t row = 0; row < s.length; row++) {
      for (int64_t i = 0; i < s.heads * s.head_dim; i++) {
        set_element((void *)a.q, s.dtype, row * a.q_row_stride + i, draw_between(0.5, 1));
        float place = (float)(repeat < 4 ? row : s.length - row) / 8;
        set_element((void *)a.k, s.dtype, row * a.k_row_stride + i, place);
      }
    }
    run_operation(PANAMBA_ATTENTION, &a);
    check_all(&a, 0);
    end_case();
  }
}

/* An image has the bits that it has alone, and so does a head. */
static void images_and_heads_are_independent(void) {
  for (int repeat = 0; repeat < THIN(12, 4); repeat++) {
    attention_shape s = draw_shape(PICK(all_lengths), PICK(all_dims));
    s.batch = 3;
    describe_shape(", each head alone", &s);
    begin_case(IN_SENTINELS, 1);
    panamba_attention_args a = take_arguments(&s);
    void *alone = take_output_of(s.dtype, s.length * s.head_dim);
    run_operation(PANAMBA_ATTENTION, &a);
    int64_t image = draw(s.batch);
    int64_t column = draw(s.heads) * s.head_dim;
    panamba_attention_args one = a;
    one.q = place_of(a.q, s.dtype, image * s.length * a.q_row_stride + column);
    one.k = place_of(a.k, s.dtype, image * s.length * a.k_row_stride + column);
    one.v = place_of(a.v, s.dtype, image * s.length * a.v_row_stride + column);
    one.out = alone;
    one.out_row_stride = s.head_dim;
    one.statistics = 0;
    one.batch = one.heads = 1;
    run_once(PANAMBA_ATTENTION, &one);
    for (int64_t row = 0; row < s.length; row++) {
      int64_t place = (image * s.length + row) * a.out_row_stride + column;
      check_same_elements("row", s.dtype, place_of(a.out, s.dtype, place), place_of(alone, s.dtype, row * s.head_dim),
                          s.head_dim);
    }
    end_case();
  }
}

/* NaN in a query stays there, in a key or a value in its head. */
static void nan_stays_in_its_head(void) {
  for (int repeat = 0; repeat < 24; repeat++) {
    attention_shape s = {2, 120, 3, 20, repeat % 2 ? PANAMBA_F32 : PANAMBA_BF16, 0, 1, 0};
    int which = repeat / 2 % 3;
    int64_t image = draw(2), head = draw(3), row = draw(s.length), i = draw(s.head_dim);
    describe_shape(which == 0 ? " with NaN in q" : which == 1 ? " with NaN in k" : " with NaN in v", &s);
    begin_case(IN_SENTINELS, 0);
    panamba_attention_args a = take_arguments(&s);
    const void *into[] = {a.q, a.k, a.v};
    const int64_t strides[] = {a.q_row_stride, a.k_row_stride, a.v_row_stride};
    set_element((void *)into[which], s.dtype, (image * s.length + row) * strides[which] + head * s.head_dim + i, NAN);
    run_operation(PANAMBA_ATTENTION, &a);
    for (int64_t r = 0; r < s.batch * s.length; r++) {
      for (int64_t c = 0; c < s.heads * s.head_dim; c++) {
        double value = element(a.out, s.dtype, r * a.out_row_stride + c);
        int wanted = r / s.length == image && c / s.head_dim == head &&
                     (which == 0 ? r % s.length == row : which == 1 || c % s.head_dim == i);
        CHECK((isnan(value) != 0) == wanted, "out[%d][%d] is %g", (int)r, (int)c, value);
      }
    }
    end_case();
  }
}

#define ATTENTION(change) REFUSED(panamba_attention_args, PANAMBA_ATTENTION, a, change)
#define ATTENTION_SIZE(field) REFUSED_SIZE(panamba_attention_args, PANAMBA_ATTENTION, a, field)

static void refusals(void) {
  begin_refusals("attention");
  panamba_attention_args a = {.q = take_filled(48, -1, 1),
                              .k = take_filled(48, -1, 1),
                              .v = take_filled(48, -1, 1),
                              .out = take_output(48),
                              .statistics = take_output(24),
                              .batch = 2,
                              .queries = 3,
                              .length = 3,
                              .heads = 2,
                              .head_dim = 4,
                              .q_row_stride = 8,
                              .k_row_stride = 8,
                              .v_row_stride = 8,
                              .out_row_stride = 8,
                              .scale = 0.5f};
  run_operation(PANAMBA_ATTENTION, &a);
  ATTENTION(q = 0);
  ATTENTION(k = 0);
  ATTENTION(v = 0);
  ATTENTION(out = 0);
  ATTENTION(out = (void *)a.q);
  ATTENTION(out = (void *)a.k);
  ATTENTION(out = (void *)a.v);
  ATTENTION_SIZE(batch);
  ATTENTION_SIZE(queries);
  ATTENTION(queries = 4);
  ATTENTION_SIZE(length);
  ATTENTION(length = 2);
  ATTENTION_SIZE(heads);
  ATTENTION_SIZE(head_dim);
  ATTENTION(head_dim = PANAMBA_MAX_HEAD_DIM + 1);
  ATTENTION(q_row_stride = 7);
  ATTENTION(q_row_stride = INT64_MIN);
  ATTENTION(q_row_stride = INT64_MAX);
  ATTENTION(k_row_stride = 7);
  ATTENTION(k_row_stride = -8);
  ATTENTION(k_row_stride = INT64_MAX);
  ATTENTION(v_row_stride = 7);
  ATTENTION(v_row_stride = INT64_MAX);
  ATTENTION(out_row_stride = 7);
  ATTENTION(out_row_stride = INT64_MAX);
  ATTENTION(scale = 0);
  ATTENTION(scale = -0.5f);
  ATTENTION(scale = INFINITY);
  ATTENTION(scale = NAN);
  REFUSED_DTYPE(panamba_attention_args, PANAMBA_ATTENTION, a, dtype);
  end_case();
}

static void test(void) {
  seed(31);
  sweep();
  few_queries();
  few_queries_have_the_bits_of_all();
  long_sequences();
  extreme_scores();
  sorted_scores();
  images_and_heads_are_independent();
  nan_stays_in_its_head();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
