/* Rotary position embedding against plain loops in double precision. */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Two products and a sum, each rounded by at most 2^-24. */
#define ROTARY_BOUND 0x1p-23

static void check_token(const panamba_rotary_args *args, const float *x, const float *out, int64_t position) {
  const float *cosine = args->cos + position * args->dim;
  const float *sine = args->sin + position * args->dim;
  for (int64_t i = 0; i < args->dim; i++) {
    int64_t partner = i % 2 ? i - 1 : i + 1;
    double own = (double)x[i] * (double)cosine[i];
    double other = (i % 2 ? 1 : -1) * (double)x[partner] * (double)sine[i];
    check_close("out", i, (double)out[i], own + other, ROTARY_BOUND * (fabs(own) + fabs(other)));
  }
}

static void rotary_case(int64_t batch, int64_t length, int64_t dim, int64_t first, int64_t positions, int in_place,
                        placement where, int misalignment) {
  describe("rotary batch %d length %d dim %d tokens %d from %d in place %d, placed %d misaligned %d", (int)batch,
           (int)length, (int)dim, (int)positions, (int)first, in_place, where, misalignment);
  begin_case(where, misalignment);
  int64_t count = batch * length * dim;
  float *out = take_output(count);
  panamba_rotary_args args = {.x = in_place ? out : take_filled(count, -1, 1),
                              .cos = take_filled(positions * dim, -1, 1),
                              .sin = take_filled(positions * dim, -1, 1),
                              .out = out,
                              .batch = batch,
                              .length = length,
                              .dim = dim,
                              .positions = positions,
                              .first = first};
  if (in_place) {
    fill(out, count, -1, 1);
  }
  run_operation(PANAMBA_ROTARY, &args);
  const float *x = before_run(args.x);
  for (int64_t token = 0; token < batch * length; token++) {
    int64_t position = token % length - first;
    if (position >= 0 && position < positions) {
      check_token(&args, x + token * dim, out + token * dim, position);
    } else {
      check_same_bits("a token outside", out + token * dim, x + token * dim, dim);
    }
  }
  end_case();
}

/* Tokens from the start, to the end, in the middle, one, and all. */
static void sweep(const int64_t *lengths, size_t count, const int64_t *dims, size_t dim_count, int guarded) {
  for (size_t l = 0; l < count; l++) {
    for (size_t d = 0; d < dim_count; d++) {
      int64_t length = lengths[l];
      int64_t first = draw(length);
      int64_t positions = 1 + draw(length - first);
      switch (draw(4)) {
        case 0:
          first = 0;
          positions = length;
          break;
        case 1: positions = length - first; break;
        default: break;
      }
      placement where = guarded ? draw(2) ? BEFORE_GUARD : AFTER_GUARD : IN_SENTINELS;
      rotary_case(1 + draw(3), length, dims[d], first, positions, (int)draw(2), where, guarded ? 0 : (int)draw(4));
    }
  }
}

/* An image has the bits that it has alone, and NaN stays in its pair. */
static void images_and_pairs_are_independent(void) {
  const int64_t batch = 3;
  const int64_t length = 70;
  const int64_t dim = 10;
  describe("rotary, each image alone, one pair with NaN");
  begin_case(IN_SENTINELS, 1);
  float *x = take_filled(batch * length * dim, -1, 1);
  float *out = take_output(batch * length * dim);
  panamba_rotary_args args = {.x = x,
                              .cos = take_filled(length * dim, -1, 1),
                              .sin = take_filled(length * dim, -1, 1),
                              .out = out,
                              .batch = batch,
                              .length = length,
                              .dim = dim,
                              .positions = length};
  float *alone = take_output(length * dim);
  const int64_t bad = (length + 5) * dim + 4;
  x[bad] = NAN;
  run_operation(PANAMBA_ROTARY, &args);
  for (int64_t i = 0; i < batch * length * dim; i++) {
    CHECK((isnan(out[i]) != 0) == (i == bad || i == bad + 1), "out[%d] is %g", (int)i, (double)out[i]);
  }
  for (int64_t image = 0; image < batch; image++) {
    panamba_rotary_args one = args;
    one.batch = 1;
    one.x = x + image * length * dim;
    one.out = alone;
    run_operation(PANAMBA_ROTARY, &one);
    check_same_bits("image", out + image * length * dim, alone, length * dim);
  }
  end_case();
}

#define ROTARY(change) REFUSED(panamba_rotary_args, PANAMBA_ROTARY, a, change)
#define ROTARY_SIZE(field) REFUSED_SIZE(panamba_rotary_args, PANAMBA_ROTARY, a, field)

static void refusals(void) {
  begin_refusals("rotary");
  panamba_rotary_args a = {.x = take_filled(20, -1, 1),
                           .cos = take_filled(16, -1, 1),
                           .sin = take_filled(16, -1, 1),
                           .out = take_output(20),
                           .batch = 1,
                           .length = 5,
                           .dim = 4,
                           .positions = 4,
                           .first = 1};
  run_operation(PANAMBA_ROTARY, &a);
  ROTARY(x = 0);
  ROTARY(cos = 0);
  ROTARY(sin = 0);
  ROTARY(out = 0);
  ROTARY_SIZE(batch);
  ROTARY_SIZE(length);
  ROTARY_SIZE(dim);
  ROTARY_SIZE(positions);
  ROTARY(dim = 3);
  ROTARY(positions = 5);
  ROTARY(first = 2);
  ROTARY(first = -1);
  ROTARY(first = INT64_MAX);
  end_case();
}

static void test(void) {
  static const int64_t lengths[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 129, 197, 730};
  static const int64_t dims[] = {2, 4, 6, 8, 14, 16, 18, 30, 32, 34, 48, 64, 66, 100, 384};
  static const int64_t short_lengths[] = {1, 2, 3, 5, 64, 65};
  static const int64_t narrow_dims[] = {2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36};
  seed(4);
  sweep(lengths, COUNT(lengths), dims, COUNT(dims), 0);
  sweep(short_lengths, COUNT(short_lengths), narrow_dims, COUNT(narrow_dims), 1);
  images_and_pairs_are_independent();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
