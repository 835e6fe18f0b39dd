/*
 * exp2, exp, softplus and SiLU of every tier over the range of float, against libm in double precision; bfloat16 in
 * memory, to the bit.
 */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "memory.h"
#include "silu.h"
#include "tier_list.h"
#include "vec_math_probe.h"

/* The polynomial (9.2e-8; a table's entry and a cubic 3.9e-8), its evaluation in float32, and the rounding of the
 * result. The portable tier rounds products and sums apart. */
#define EXP2_BOUND 2e-7
#define EXP2_FUSED_BOUND 1.7e-7

/* exp2's, and the reduction of the argument. */
#define EXP_BOUND 3e-7

/* exp's, and a polynomial and a sum. */
#define SOFTPLUS_BOUND 3e-7

/* Where e^x is no normal number any more, results need only be this small, relative to 1 + |x|. */
#define FLOOR 2e-37

#define DECLARE_PROBE(tier) extern const vec_probe panamba_vec_probe_##tier;
PANAMBA_TIERS(DECLARE_PROBE)

typedef struct {
  const char *tier;
  const vec_probe *probe;
} tier_probe;

#define PROBE(tier) {#tier, &panamba_vec_probe_##tier},
static const tier_probe probes[] = {PANAMBA_TIERS(PROBE)};

/* The functions of the tier under test. */
static const vec_probe *probe;

typedef struct {
  const char *name;
  math_function function;
  double (*reference)(double);
  double bound;
  /* Outside, what is only asked for is said by check_outside(). */
  float low;
  float high;
} math_case;

static double reference_exp2(double x) { return exp2(x); }
static double reference_exp(double x) { return exp(x); }
static double reference_softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

static const math_case cases[] = {
    {"exp2", MATH_EXP2, reference_exp2, EXP2_BOUND, -126.0f, 126.0f},
    {"exp", MATH_EXP, reference_exp, EXP_BOUND, -87.3f, 87.3f},
    {"softplus", MATH_SOFTPLUS, reference_softplus, SOFTPLUS_BOUND, -87.3f, 3e38f},
    {"silu", MATH_SILU, silu, SILU_BOUND, -87.3f, 3e38f},
};

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Beyond the range results are as good as zero, or near the largest numbers. */
static void check_outside(const math_case *c, float x, float got) {
  if (isnan(x)) {
    CHECK(isnan(got), "%s(NaN) is %g", c->name, (double)got);
  } else if (x < c->low) {
    CHECK(fabs((double)got) <= FLOOR * (1 + fabs((double)x)), "%s(%a) is %g", c->name, (double)x, (double)got);
  } else {
    CHECK((double)got >= 6e37, "%s(%a) is %g", c->name, (double)x, (double)got);
  }
}

static double bound_of(const math_case *c) {
  return c->function == MATH_EXP2 && strcmp(tier_under_test(), "portable") != 0 ? EXP2_FUSED_BOUND : c->bound;
}

static void check_batch(const math_case *c, const float *x, int64_t count) {
  float out[1024];
  probe->math(c->function, x, out, count);
  describe("%s of numbers from %a to %a", c->name, (double)x[0], (double)x[count - 1]);
  for (int64_t i = 0; i < count; i++) {
    double wanted = c->reference((double)x[i]);
    if (!(x[i] >= c->low && x[i] <= c->high)) {
      check_outside(c, x[i], out[i]);
    } else if (fabs(wanted) < 0x1p-126) {
      CHECK(fabs((double)out[i]) <= 0x1p-126, "%s(%a) is %a", c->name, (double)x[i], (double)out[i]);
    } else {
      check_close(c->name, i, (double)out[i], wanted, bound_of(c) * fabs(wanted));
    }
  }
}

/* Both signs of every step-th number from `low` to `high`, which are positive. */
static void sweep(const math_case *c, float low, float high, uint32_t step) {
  float x[1024];
  int64_t count = 0;
  uint32_t last;
  uint32_t bits;
  memcpy(&last, &high, sizeof last);
  memcpy(&bits, &low, sizeof bits);
  for (; bits <= last; bits += step) {
    x[count++] = float_of(bits);
    x[count++] = -float_of(bits);
    if (count == COUNT(x)) {
      check_batch(c, x, count);
      count = 0;
    }
  }
  if (count) {
    check_batch(c, x, count);
  }
}

/* Where a function changes its ways, and what is no ordinary number. */
static void special_values(const math_case *c) {
  static const float values[] = {0.0f,    -0.0f,  1.0f,   -1.0f,  0.5f,   -0.5f,  20.0f,   -20.0f,   30.0f,
                                 -100.0f, 87.3f,  88.0f,  -87.3f, -88.0f, 126.0f, -126.0f, -127.0f,  127.0f,
                                 -126.5f, -1e4f,  -1e30f, 1e30f,  NAN,    -NAN,   1e-40f,  -1e-40f,  1e-30f,
                                 16.6f,   -16.6f, 17.4f,  0.3f,   1e-8f,  -1e-8f, 125.49f, -125.51f, -125.49f};
  check_batch(c, values, (int64_t)COUNT(values));
  float one = 0;
  float zero = 0;
  if (c->function == MATH_EXP || c->function == MATH_EXP2) {
    probe->math(c->function, &zero, &one, 1);
    describe("%s(0)", c->name);
    CHECK(one == 1, "is %a and not exactly 1", (double)one);
  }
}

/* Where both are right, 2^t has the same bits with and without the clamp; and the clamp keeps NaN. */
static void clamps(void) {
  float x[1024];
  float near[COUNT(x)];
  float clamped[COUNT(x)];
  describe("2^t without a clamp");
  for (int repeat = 0; repeat < 100; repeat++) {
    fill(x, COUNT(x), repeat % 2 ? -126 : -1, repeat % 2 ? 126 : 1);
    x[0] = -126;
    x[1] = 126;
    x[2] = 0;
    x[3] = -0.0f;
    probe->math(MATH_EXP2_NEAR, x, near, COUNT(x));
    probe->math(MATH_EXP2, x, clamped, COUNT(x));
    check_same_bits("2^t", near, clamped, COUNT(x));
  }
  CHECK(near[0] == 0x1p-126f && near[1] == 0x1p126f && near[2] == 1 && near[3] == 1, "%a, %a, %a and %a",
        (double)near[0], (double)near[1], (double)near[2], (double)near[3]);
  static const float from[] = {-126.0f,  -126.5f, -INFINITY, -1e30f, 126.0f, 127.0f,
                               INFINITY, 1.5f,    -0.5f,     0.0f,   1e-30f};
  static const float to[] = {-126.0f, -126.0f, -126.0f, -126.0f, 126.0f, 126.0f, 126.0f, 1.5f, -0.5f, 0.0f, 1e-30f};
  float nan = NAN;
  describe("the clamp");
  probe->math(MATH_CLAMP, from, clamped, COUNT(from));
  check_same_bits("clamped", clamped, to, COUNT(from));
  probe->math(MATH_CLAMP, &nan, clamped, 1);
  CHECK(isnan(clamped[0]), "NaN becomes %g", (double)clamped[0]);
  probe->math(MATH_EXP2_NEAR, &nan, clamped, 1);
  CHECK(isnan(clamped[0]), "2^NaN is %g", (double)clamped[0]);
}

/* One lane is enough, whichever it is. */
static void lanes_beyond(void) {
  static const float beyond[] = {126.5f, 0x1.f80002p6f, INFINITY, NAN};
  float x[16];
  for (int lane = -1; lane < probe->width; lane++) {
    for (size_t i = 0; i < COUNT(beyond); i++) {
      describe("lane %d is %g", lane, (double)beyond[i]);
      for (int j = 0; j < probe->width; j++) {
        x[j] = j == lane ? beyond[i] : j % 2 ? 126.0f : -1e30f;
      }
      CHECK(probe->any_beyond(x, 126.0f) == (lane >= 0), "is not told from the others");
    }
  }
}

/* Every bfloat16 widens to the float32 that begins with its bits. */
static void bfloats_widen(placement where, int lanes) {
  const int64_t count = 65536;
  describe("widen bfloat16, %d lanes", lanes);
  begin_case(where, 1);
  uint16_t *x = take_input_of(PANAMBA_BF16, count);
  float *out = take_output(count);
  for (int64_t i = 0; i < count; i++) {
    x[i] = (uint16_t)i;
  }
  probe->widen(x, out, count, lanes);
  for (int64_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &out[i], sizeof bits);
    CHECK(bits == (uint32_t)i << 16, "%#x becomes %#x", (unsigned)i, bits);
  }
  end_case();
}

/* float32 beside every bfloat16, and beside the middle to the next. What is denormal may become zero. */
static void floats_narrow(placement where, int lanes, uint32_t rest) {
  const int64_t count = 65536;
  describe("narrow to bfloat16, %d lanes, numbers that end in %#x", lanes, rest);
  begin_case(where, 1);
  float *x = take_input(count);
  uint16_t *out = take_output_of(PANAMBA_BF16, count);
  for (uint32_t i = 0; i < count; i++) {
    x[i] = float_of(i << 16 | rest);
  }
  probe->narrow(x, out, count, lanes);
  for (int64_t i = 0; i < count; i++) {
    int zero = fabs((double)x[i]) < 0x1p-126 && (out[i] & 0x7fff) == 0;
    CHECK(out[i] == bfloat_of(x[i]) || zero, "%a becomes %#x and not %#x", (double)x[i], (unsigned)out[i],
          (unsigned)bfloat_of(x[i]));
  }
  end_case();
}

static void test(void) {
  for (size_t i = 0; i < COUNT(probes); i++) {
    probe = strcmp(probes[i].tier, tier_under_test()) == 0 ? probes[i].probe : probe;
  }
  seed(12);
  clamps();
  lanes_beyond();
  for (int lanes = 1; lanes <= probe->width; lanes++) {
    static const uint32_t rests[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    placement where = lanes % 2 ? BEFORE_GUARD : IN_SENTINELS;
    bfloats_widen(where, lanes);
    for (size_t i = 0; i < COUNT(rests); i++) {
      floats_narrow(where, lanes, rests[i]);
    }
  }
  for (size_t i = 0; i < COUNT(cases); i++) {
    special_values(&cases[i]);
    sweep(&cases[i], 0x1p-149f, 0x1.fffffep+127f, THIN(5003, 200003));
    sweep(&cases[i], 0x1p-12f, 128.0f, THIN(61, 2511));
  }
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
