/* GELU and its derivative in double precision, and how far off the library's may be. */
#ifndef PANAMBA_TEST_GELU_H
#define PANAMBA_TEST_GELU_H

#include <math.h>

/* Relative: a polynomial, exp, a division and products; beside them, the rounding of the exponent x^2 / 2. On a GPU exp
 * and the division are approximations of two units and of one in the last place. */
#if defined(PANAMBA_TEST_CUDA)
#define GELU_BOUND 1e-6
#else
#define GELU_BOUND 6e-7
#endif

/* The slope of GELU nowhere exceeds this, nor does the slope of its derivative. */
#define GELU_SLOPE 1.13

/* What is left of e^(-x^2/2) where it is no normal number any more. */
#define GELU_FLOOR 2e-37

static inline double normal_distribution(double x) { return erfc(-x * M_SQRT1_2) / 2; }

static inline double gelu(double x) { return isinf(x) ? fmax(x, 0) : x * normal_distribution(x); }

static inline double gelu_slope(double x) {
  double bell = exp(-x * x / 2) * M_2_SQRTPI * M_SQRT1_2 / 2;
  return normal_distribution(x) + (isinf(x) ? 0 : x * bell);
}

static inline double gelu_bound(double x) { return GELU_BOUND + fmin(x * x, 200) * 0x1p-24; }

/* Of an argument that is itself off by at most `error`. */
static inline double gelu_error(double x, double error) {
  return GELU_SLOPE * error + gelu_bound(x) * fabs(gelu(x)) + GELU_FLOOR * (1 + fmin(fabs(x), 20));
}

static inline double gelu_slope_error(double x) {
  double bell = exp(-x * x / 2) * M_2_SQRTPI * M_SQRT1_2 / 2;
  return gelu_bound(x) * (normal_distribution(x) + (isinf(x) ? 0 : fabs(x) * bell)) + GELU_FLOOR * 20;
}

#endif
