/* The vector functions of src/cpu/vec_math.h, reachable from a test. */
#ifndef PANAMBA_TEST_VEC_MATH_PROBE_H
#define PANAMBA_TEST_VEC_MATH_PROBE_H

#include <stdint.h>

typedef enum { MATH_EXP2, MATH_EXP2_NEAR, MATH_EXP, MATH_SOFTPLUS, MATH_SILU, MATH_CLAMP } math_function;

/* The functions of one tier; all take their arrays a vector at a time, and what is left in a partial one. */
typedef struct {
  void (*math)(math_function function, const float *x, float *out, int64_t count);
  /* Vectors of `lanes`, or as many as there are, to bfloat16 and back. */
  void (*narrow)(const float *x, uint16_t *out, int64_t count, int lanes);
  void (*widen)(const uint16_t *x, float *out, int64_t count, int lanes);
  int (*any_beyond)(const float *x, float limit); /* of one vector */
  int width;
} vec_probe;

#endif
