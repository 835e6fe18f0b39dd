/* max(x, 0) in double precision. */
#ifndef PANAMBA_TEST_RELU_H
#define PANAMBA_TEST_RELU_H

/* NaN for NaN. */
static inline double relu(double x) { return x < 0 ? 0 : x; }

#endif
