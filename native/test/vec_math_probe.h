/* The vector functions of src/cpu/vec_math.h, reachable from a test. */
#ifndef PANAMBA_TEST_VEC_MATH_PROBE_H
#define PANAMBA_TEST_VEC_MATH_PROBE_H

#include <stdint.h>

typedef enum { MATH_EXP2, MATH_EXP, MATH_SOFTPLUS, MATH_SILU } math_function;

#endif
