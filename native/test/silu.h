/* SiLU in double precision, and how far off the library's may be. */
#ifndef PANAMBA_TEST_SILU_H
#define PANAMBA_TEST_SILU_H

#include <math.h>

/* Relative: exp, a sum and a division; on a GPU approximations of two units and of one in the last place. */
#if defined(PANAMBA_TEST_CUDA)
#define SILU_BOUND 6e-7
#else
#define SILU_BOUND 3e-7
#endif

/* The slope of SiLU nowhere exceeds this. */
#define SILU_SLOPE 1.1

/* Below -87 SiLU is less than this times its argument and need not be right. */
#define SILU_FLOOR 2e-37

static inline double silu(double v) { return v / (1 + exp(-v)); }

/* Of an argument that is itself off by at most `error`. */
static inline double silu_error(double v, double error) {
  return SILU_SLOPE * error + SILU_BOUND * fabs(silu(v)) + SILU_FLOOR * (1 + fabs(v));
}

#endif
