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
 * log(1 + e^v) = max(v, 0) + log(1 + e^-|v|), in two steps: of several numbers, one step for all before the other is
 * faster than number by number, since a processor looks ahead no further than one number's chain of operations is long.
 * PyTorch's threshold (v itself above 20) needs no branch: there the second term is below half a unit in the last place
 * of v.
 */
INLINE vec vec_softplus_decay(vec v) { return vec_exp_near(vec_max(vec_set(-87.3f), vec_negate(vec_abs(v)))); }

INLINE vec vec_softplus_of(vec v, vec decay) { return vec_add(vec_max(vec_set(0.0f), v), vec_log1p_unit(decay)); }

/* Its derivative, 1 / (1 + e^-v). */
INLINE vec vec_softplus_slope(vec v, vec decay) {
  vec one = vec_set(1.0f);
  return vec_div(vec_if_negative(v, decay, one), vec_add(one, decay));
}

INLINE vec vec_softplus(vec v) { return vec_softplus_of(v, vec_softplus_decay(v)); }

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
