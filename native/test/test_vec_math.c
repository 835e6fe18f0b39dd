/* exp2, exp, softplus and SiLU of every tier over the range of float, against libm in double precision. */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "tiers.h"
#include "vec_math_probe.h"

/* The polynomial (9.2e-8), its evaluation in float32, and the rounding of the result. */
#define EXP2_BOUND 2e-7

/* exp2's, and the reduction of the argument. */
#define EXP_BOUND 3e-7

/* exp's, and a polynomial and a sum, or a sum and a division. */
#define SOFTPLUS_BOUND 3e-7
#define SILU_BOUND 3e-7

/* Where e^x is no normal number any more, results need only be this small, relative to 1 + |x|. */
#define FLOOR 2e-37

typedef void (*probe)(math_function function, const float *x, float *out, int64_t count);

#define DECLARE_PROBE(tier) void panamba_vec_math_probe_##tier(math_function, const float *, float *, int64_t);
PANAMBA_TIERS(DECLARE_PROBE)

typedef struct {
  const char *tier;
  probe run;
} tier_probe;

#define PROBE(tier) {#tier, panamba_vec_math_probe_##tier},
static const tier_probe probes[] = {PANAMBA_TIERS(PROBE)};

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
static double reference_silu(double x) { return x / (1 + exp(-x)); }

static const math_case cases[] = {
    {"exp2", MATH_EXP2, reference_exp2, EXP2_BOUND, -126.0f, 126.0f},
    {"exp", MATH_EXP, reference_exp, EXP_BOUND, -87.0f, 87.0f},
    {"softplus", MATH_SOFTPLUS, reference_softplus, SOFTPLUS_BOUND, -87.0f, 3e38f},
    {"silu", MATH_SILU, reference_silu, SILU_BOUND, -87.0f, 3e38f},
};

static void run_probe(math_function function, const float *x, float *out, int64_t count) {
  for (size_t i = 0; i < COUNT(probes); i++) {
    if (strcmp(probes[i].tier, tier_under_test()) == 0) {
      probes[i].run(function, x, out, count);
    }
  }
}

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

static void check_batch(const math_case *c, const float *x, int64_t count) {
  float out[1024];
  run_probe(c->function, x, out, count);
  describe("%s of numbers from %a to %a", c->name, (double)x[0], (double)x[count - 1]);
  for (int64_t i = 0; i < count; i++) {
    double wanted = c->reference((double)x[i]);
    if (!(x[i] >= c->low && x[i] <= c->high)) {
      check_outside(c, x[i], out[i]);
    } else if (fabs(wanted) < 0x1p-126) {
      CHECK(fabs((double)out[i]) <= 0x1p-126, "%s(%a) is %a", c->name, (double)x[i], (double)out[i]);
    } else {
      check_close(c->name, i, (double)out[i], wanted, c->bound * fabs(wanted));
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
    run_probe(c->function, &zero, &one, 1);
    describe("%s(0)", c->name);
    CHECK(one == 1, "is %a and not exactly 1", (double)one);
  }
}

static void test(void) {
  for (size_t i = 0; i < COUNT(cases); i++) {
    special_values(&cases[i]);
    sweep(&cases[i], 0x1p-149f, 0x1.fffffep+127f, THIN(5003, 200003));
    sweep(&cases[i], 0x1p-12f, 128.0f, THIN(61, 2511));
  }
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
