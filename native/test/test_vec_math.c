/* exp2, exp, softplus and SiLU of one tier against double precision, over a dense sweep of their arguments. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "panamba.h"
#include "reference.h"
#include "support.h"
#include "vec_math.h"

#define QUOTE_(text) #text
#define QUOTE(text) QUOTE_(text)

typedef vec (*vec_function)(vec);
typedef double (*function)(double);

static vec softplus(vec v) { return vec_softplus(v); }
static vec silu(vec v) { return vec_silu(v); }
static vec exponential(vec v) { return vec_exp(v); }
static vec power(vec v) { return vec_exp2(v); }

static float apply(vec_function f, float x) {
  float values[VEC_WIDTH];
  vec_store(values, f(vec_set(x)));
  return values[VEC_WIDTH - 1];
}

static void sweep(const char *name, vec_function f, function expected, double low, double high, double bound) {
  double worst = 0;
  double at = 0;
  for (double x = low; x <= high; x += (high - low) / 400000) {
    float argument = (float)x;
    double e = expected((double)argument);
    double error = fabs((double)apply(f, argument) - e) / fmax(fabs(e), 0x1p-126);
    if (error > worst) {
      worst = error;
      at = x;
    }
  }
  printf("%s on [%g, %g]: relative error %.3g at %g, at most %.3g\n", name, low, high, worst, at, bound);
  CHECK(worst <= bound, "%s", name);
}

int main(void) {
  if (panamba_cap_tier(QUOTE(TIER)) != PANAMBA_OK) {
    printf("skipped: %s\n", panamba_message());
    return 77;
  }
  /* The polynomial's 9.2e-8 and a rounding or two. */
  sweep("exp2", power, exp2, -125, 126, 2.5e-7);
  sweep("exp2 near 0", power, exp2, -0.01, 0, 1.3e-7);
  sweep("exp", exponential, exp, -87, 87, 3e-7);
  sweep("softplus", softplus, reference_softplus, -86, 100, 4e-7);
  sweep("softplus near 0", softplus, reference_softplus, -1, 1, 4e-7);
  sweep("silu", silu, reference_silu, -80, 100, 4e-7);
  CHECK(apply(power, 0.0f) == 1.0f, "2^0");
  CHECK(apply(power, -1e4f) <= 0x1p-126f, "2^-10000");
  CHECK(apply(softplus, 30.0f) == 30.0f && apply(softplus, 1e30f) == 1e30f, "softplus is the identity above 20");
  CHECK(apply(softplus, -200.0f) <= 0x1p-120f && apply(softplus, -200.0f) >= 0.0f, "softplus of -200");
  CHECK(fabsf(apply(silu, -1e4f)) < 1e-30f && apply(silu, 1e4f) == 1e4f, "silu far out");
  CHECK(isnan(apply(power, NAN)) && isnan(apply(exponential, NAN)) && isnan(apply(softplus, NAN)) &&
            isnan(apply(silu, NAN)),
        "NaN stays NaN");
  return 0;
}
