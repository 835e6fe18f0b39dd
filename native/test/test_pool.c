/* Mean and maximum over tokens against plain loops in double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* count - 1 sums and a division, each rounded by at most 2^-24 of the sum of the absolute terms. */
#define MEAN_BOUND(count) ((double)(count)*0x1p-24)

static void check_pool(const panamba_pool_args *args) {
  const float *input = args->input;
  for (int64_t image = 0; image < args->batch; image++) {
    for (int64_t i = 0; i < args->dim; i++) {
      double sum = 0;
      double magnitude = 0;
      double largest = -INFINITY;
      for (int64_t row = 0; row < args->count; row++) {
        double value = input[(image * args->length + args->first + row * args->step) * args->dim + i];
        sum += value / (double)args->count;
        magnitude += fabs(value) / (double)args->count;
        largest = isnan(value) || isnan(largest) ? NAN : fmax(largest, value);
      }
      double got = args->out[image * args->dim + i];
      if (args->kind == PANAMBA_POOL_MAX) {
        check_close("maximum", i, got, largest, 0);
      } else {
        check_close("mean", i, got, sum, MEAN_BOUND(args->count) * magnitude);
      }
    }
  }
}

static panamba_pool_args draw_arguments(int64_t length, int64_t dim) {
  panamba_pool_args args = {.batch = 1 + draw(3),
                            .length = length,
                            .dim = dim,
                            .first = draw(length),
                            .step = 1 + (draw(2) ? draw(length) : 0),
                            .kind = draw(2) ? PANAMBA_POOL_MEAN : PANAMBA_POOL_MAX};
  args.first = draw(2) ? 0 : args.first;
  int64_t most = (length - 1 - args.first) / args.step + 1;
  args.count = draw(2) ? most : 1 + draw(most);
  return args;
}

static void pool_case(panamba_pool_args args, placement where, int misalignment) {
  describe("pool batch %d length %d dim %d rows %d of step %d from %d kind %d, placed %d misaligned %d",
           (int)args.batch, (int)args.length, (int)args.dim, (int)args.count, (int)args.step, (int)args.first,
           args.kind, where, misalignment);
  begin_case(where, misalignment);
  float *input = take_input(args.batch * args.length * args.dim);
  /* Rows that don't count are left as NaN. */
  for (int64_t image = 0; image < args.batch; image++) {
    for (int64_t row = 0; row < args.count; row++) {
      fill(input + (image * args.length + args.first + row * args.step) * args.dim, args.dim, -1, 1);
    }
  }
  args.input = input;
  args.out = take_output(args.batch * args.dim);
  run_operation(PANAMBA_POOL, &args);
  check_pool(&args);
  end_case();
}

static void sweep_shapes(void) {
  static const int64_t lengths[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 65, 197, 730, 1025};
  static const int64_t dims[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 24, 31, 32, 33, 37, 48, 63, 64, 65, 100, 384};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (size_t d = 0; d < COUNT(dims); d++) {
      for (int repeat = 0; repeat < (lengths[l] * dims[d] > 20000 ? 1 : 3); repeat++) {
        pool_case(draw_arguments(lengths[l], dims[d]), IN_SENTINELS, (int)draw(4));
      }
    }
  }
}

static void sweep_guards(void) {
  for (int64_t dim = 1; dim <= 70; dim++) {
    for (int64_t length = 1; length <= 5; length++) {
      pool_case(draw_arguments(length, dim), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
}

/* As many rows as an image of a network's first stage has. */
static void many_rows(void) {
  static const int64_t dims[] = {1, 8, 37, 96};
  for (size_t d = 0; d < COUNT(dims); d++) {
    for (int32_t kind = PANAMBA_POOL_MEAN; kind <= PANAMBA_POOL_MAX; kind++) {
      pool_case((panamba_pool_args){.batch = 2, .length = 3137, .dim = dims[d], .count = 3136, .step = 1, .kind = kind},
                IN_SENTINELS, 0);
    }
  }
}

/* NaN wins wherever it is, in its own channel alone; infinities are numbers like others. */
static void nan_wins_a_maximum(void) {
  const int64_t length = 4;
  const int64_t dim = 35;
  for (int64_t bad_row = 0; bad_row < length; bad_row++) {
    for (int64_t bad = 0; bad < dim; bad++) {
      for (int32_t kind = PANAMBA_POOL_MEAN; kind <= PANAMBA_POOL_MAX; kind++) {
        describe("pool of kind %d, NaN at (%d, %d)", kind, (int)bad_row, (int)bad);
        begin_case(IN_SENTINELS, 0);
        float *input = take_filled(length * dim, -1, 1);
        panamba_pool_args args = {.input = input,
                                  .out = take_output(dim),
                                  .batch = 1,
                                  .length = length,
                                  .dim = dim,
                                  .count = length,
                                  .step = 1,
                                  .kind = kind};
        input[bad_row * dim + bad] = NAN;
        input[(length - 1 - bad_row) * dim + (bad + 1) % dim] = bad % 2 ? INFINITY : -INFINITY;
        run_operation(PANAMBA_POOL, &args);
        check_pool(&args);
        CHECK(isnan(args.out[bad]), "out[%d] is %g, not NaN", (int)bad, (double)args.out[bad]);
        end_case();
      }
    }
  }
}

/* An image has the bits that it has alone. */
static void images_are_independent(void) {
  for (int repeat = 0; repeat < 20; repeat++) {
    panamba_pool_args args = draw_arguments(197, 130);
    describe("pool, each image alone");
    args.batch = 3;
    begin_case(IN_SENTINELS, 2);
    float *input = take_filled(args.batch * args.length * args.dim, -1, 1);
    args.input = input;
    args.out = take_output(args.batch * args.dim);
    float *alone = take_output(args.dim);
    run_operation(PANAMBA_POOL, &args);
    for (int64_t image = 0; image < args.batch; image++) {
      panamba_pool_args one = args;
      one.batch = 1;
      one.input = input + image * args.length * args.dim;
      one.out = alone;
      run_operation(PANAMBA_POOL, &one);
      check_same_bits("image", args.out + image * args.dim, alone, args.dim);
    }
    end_case();
  }
}

#define POOL(change) REFUSED(panamba_pool_args, PANAMBA_POOL, a, change)
#define POOL_SIZE(field) REFUSED_SIZE(panamba_pool_args, PANAMBA_POOL, a, field)

static void refusals(void) {
  begin_refusals("pool");
  panamba_pool_args a = {
      .input = take_filled(20, -1, 1), .out = take_output(4), .batch = 1, .length = 5, .dim = 4, .count = 2, .step = 4};
  run_operation(PANAMBA_POOL, &a);
  POOL(input = 0);
  POOL(out = 0);
  POOL(out = (float *)a.input);
  POOL_SIZE(batch);
  POOL_SIZE(length);
  POOL_SIZE(dim);
  POOL_SIZE(count);
  POOL_SIZE(step);
  POOL(count = 3);
  POOL(step = 5);
  POOL(first = 1);
  POOL(first = 5);
  POOL(first = -1);
  POOL(first = INT64_MAX);
  POOL(kind = 2);
  POOL(kind = -1);
  POOL(reserved = 1);
  end_case();
}

static void test(void) {
  seed(5);
  sweep_shapes();
  sweep_guards();
  many_rows();
  nan_wins_a_maximum();
  images_are_independent();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
