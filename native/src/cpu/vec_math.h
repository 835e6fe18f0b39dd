/* Exponential, softplus and SiLU on vectors. */
#ifndef PANAMBA_VEC_MATH_H
#define PANAMBA_VEC_MATH_H

#include "vec.h"

/* 2^t. Below -126 it is 2^-126, above 126 it is 2^126. */
INLINE vec vec_exp2(vec t) { return vec_exp2_near(vec_clamp_exponent(t)); }

/* e^x, x clamped to [-87.3, 87.3]; NaN for NaN. */
INLINE vec vec_exp(vec x) { return vec_exp_near(vec_min(vec_set(87.3f), vec_max(vec_set(-87.3f), x))); }

/* log(1 + e) on [0, 1], relative error 3.4e-8. */
INLINE vec vec_log1p_unit(vec e) {
  vec p = vec_set(0.005364819f);
  p = vec_fma(p, e, vec_set(-0.030065773f));
  p = vec_fma(p, e, vec_set(0.07920451f));
  p = vec_fma(p, e, vec_set(-0.137538f));
  p = vec_fma(p, e, vec_set(0.19153655f));
  p = vec_fma(p, e, vec_set(-0.24857163f));
  p = vec_fma(p, e, vec_set(0.33321324f));
  p = vec_fma(p, e, vec_set(-0.49999648f));
  return vec_fma(vec_mul(p, e), e, e);
}

/*
 * log(1 + e^v) = max(v, 0) + log(1 + e^-|v|). PyTorch's threshold (v itself above 20) needs no branch: there the second
 * term is below half a unit in the last place of v. *slope is the derivative, 1 / (1 + e^-v).
 */
INLINE vec vec_softplus_slope(vec v, vec *slope) {
  vec one = vec_set(1.0f);
  vec e = vec_exp_near(vec_max(vec_set(-87.3f), vec_negate(vec_abs(v))));
  *slope = vec_div(vec_if_negative(v, e, one), vec_add(one, e));
  return vec_add(vec_max(vec_set(0.0f), v), vec_log1p_unit(e));
}

/* As vec_softplus_slope(), without the derivative. */
INLINE vec vec_softplus(vec v) {
  vec slope;
  return vec_softplus_slope(v, &slope);
}

/* 1 / (1 + e^-v) */
INLINE vec vec_sigmoid(vec v) {
  vec one = vec_set(1.0f);
  return vec_div(one, vec_add(one, vec_exp(vec_negate(v))));
}

/* The derivative of SiLU at v, given the sigmoid of v. */
INLINE vec vec_silu_slope(vec v, vec sigmoid) {
  return vec_mul(sigmoid, vec_fma(v, vec_sub(vec_set(1.0f), sigmoid), vec_set(1.0f)));
}

/* v / (1 + e^-v) */
INLINE vec vec_silu(vec v) { return vec_div(v, vec_add(vec_set(1.0f), vec_exp(vec_negate(v)))); }

#endif
