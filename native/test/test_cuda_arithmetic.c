/* The arithmetic of the CUDA kernels, as it runs on the host, against double precision. What a GPU approximates in
 * hardware has bounds of its own: see docs/numerics.md. */
#include <math.h>

#include "arithmetic.h"
#include "gelu.h"
#include "harness.h"

#define SAMPLES 200000
#define ROUNDING 0x1p-24

/* exp2 of the host's C library and the polynomial of log1p. */
#define EXP2_BOUND 1.2e-7
#define SOFTPLUS_BOUND 3e-7
#define SILU_BOUND 3e-7
#define LOG1P_BOUND 2e-7

/* Rounding the exponent costs as many units as it has integer bits. */
static double exponent_error(double v) { return 1.5 * ROUNDING * fabs(v); }

static const float awkward[] = {0.0f,   -0.0f,  0x1p-149f, -0x1p-149f, 0x1p-126f, 1e-30f,    -1e-30f, 1e-7f,
                                -1e-7f, 1.0f,   -1.0f,     19.99999f,  20.0f,     20.00001f, 21.0f,   -20.0f,
                                87.3f,  -87.3f, 88.8f,     -88.8f,     103.9f,    -103.9f,   126.0f,  -126.0f,
                                1e4f,   -1e4f,  3.4e38f,   -3.4e38f,   INFINITY,  -INFINITY, NAN};

static void check_softplus(float v) {
  double wanted = v > 0 ? (double)v + log1p(exp(-(double)v)) : log1p(exp((double)v));
  double allowed = (SOFTPLUS_BOUND + exponent_error((double)v)) * wanted + 0x1p-126;
  check_close("softplus", (int64_t)v, (double)panamba_softplus(v), wanted, allowed);
}

static void check_silu(float v) {
  double wanted = (double)v / (1 + exp(-(double)v));
  double allowed = (SILU_BOUND + exponent_error((double)v)) * fabs(wanted) + 0x1p-120 * fabs((double)v) + 0x1p-126;
  check_close("silu", (int64_t)v, (double)panamba_silu(v), wanted, allowed);
}

static void check_gelu(float v) {
  check_close("gelu", (int64_t)v, (double)panamba_gelu(v), gelu((double)v), gelu_error((double)v, 0));
}

static void check_exp2(float t) {
  double wanted = exp2((double)t);
  check_close("exp2", (int64_t)t, (double)panamba_exp2(t), wanted > (double)3.4028235e38f ? INFINITY : wanted,
              EXP2_BOUND * wanted + 0x1p-126);
}

static void functions(void) {
  for (size_t i = 0; i < COUNT(awkward); i++) {
    describe("argument %g", (double)awkward[i]);
    if (awkward[i] > -3e38f) {
      check_softplus(awkward[i]);
    }
    if (fabsf(awkward[i]) < 3e38f || isnan(awkward[i])) {
      check_silu(awkward[i]);
    }
    check_gelu(awkward[i]);
    check_exp2(awkward[i]);
  }
  for (int i = 0; i < SAMPLES; i++) {
    float v = draw_between(-120, 120);
    float near = draw_between(-3, 3);
    describe("arguments %a and %a", (double)v, (double)near);
    check_softplus(v);
    check_softplus(near);
    check_silu(v);
    check_silu(near);
    check_gelu(v);
    check_gelu(near);
    check_exp2(v);
  }
}

/* Small steps keep their relative accuracy: they are what a long memory is made of. */
static void small_steps(void) {
  for (float v = -1; v > -80; v -= 0.37f) {
    describe("softplus(%g)", (double)v);
    check_softplus(v);
  }
}

static void scan_steps(void) {
  for (int i = 0; i < SAMPLES; i++) {
    float h = draw_between(-4, 4);
    float dt = draw(8) ? draw_between(0, 0.2) : draw_between(0, 200);
    float a = draw_between(-30, 0);
    float u = draw_between(-2, 2);
    float b = draw_between(-2, 2);
    float dtu = dt * u;
    describe("h %a dt %a a %a u %a b %a", (double)h, (double)dt, (double)a, (double)u, (double)b);
    double exponent = (double)dt * (double)a;
    double decayed = exp2(exponent) * (double)h;
    double wanted = decayed + (double)dtu * (double)b;
    double allowed = (EXP2_BOUND + fabs(exponent) * ROUNDING) * fabs(decayed) +
                     2 * ROUNDING * (fabs(decayed) + fabs((double)dtu * (double)b)) + 0x1p-120;
    check_close("state", i, (double)panamba_scan_step(h, dt, a, dtu, b), wanted, allowed);
  }
  describe("a state that is forgotten");
  CHECK(panamba_scan_step(3, 25, -400, 2, 0.5f) == 1, "a remainder is left");
  CHECK(panamba_scan_step(3, 25, -3e38f, 2, 0.5f) == 1, "a remainder is left");
  describe("a state that does not decay");
  CHECK(panamba_scan_step(3, 0, -400, 0, 0.5f) == 3, "it has changed");
}

static void rest(void) {
  for (int i = 0; i < SAMPLES; i++) {
    float e = draw_between(0, 1);
    describe("argument %a", (double)e);
    check_close("log1p", i, (double)panamba_log1p_unit(e), log1p((double)e), LOG1P_BOUND * log1p((double)e));
    float square = draw_between(0, 1e6);
    double factor = 1 / sqrt((double)(square + 1e-5f));
    check_close("norm", i, (double)panamba_norm_factor(square, 1e-5f), factor, 4 * ROUNDING * factor);
  }
  describe("maximum");
  CHECK(isnan(panamba_max_nan(NAN, 1)) && isnan(panamba_max_nan(1, NAN)), "NaN is lost");
  CHECK(panamba_max_nan(2, 1) == 2 && panamba_max_nan(1, 2) == 2, "the larger is lost");
  CHECK(panamba_max(NAN, 1) == 1, "NaN stays");
  CHECK(panamba_add_residual(2, 0.5f, 3) == 4, "the residual is not scaled");
}

int main(void) {
  seed(21);
  functions();
  small_steps();
  scan_steps();
  rest();
  return exit_code();
}
