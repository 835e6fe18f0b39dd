/*
 * Exponential, softplus and SiLU on vectors. Coefficients are minimax in relative error, with the value at 0 held
 * exact, so that a state that hardly decays does not drift.
 */
#ifndef PANAMBA_VEC_MATH_H
#define PANAMBA_VEC_MATH_H

#include "vec.h"

/* 2^f on [-1/2, 1/2], relative error 9.2e-8. */
INLINE vec vec_exp2_fraction(vec f) {
  vec p = vec_set(0x1.5bba14p-10f);
  p = vec_fma(p, f, vec_set(0x1.3cea88p-7f));
  p = vec_fma(p, f, vec_set(0x1.c6b752p-5f));
  p = vec_fma(p, f, vec_set(0x1.ebf9bcp-3f));
  p = vec_fma(p, f, vec_set(0x1.62e42ap-1f));
  return vec_fma(p, f, vec_set(1.0f));
}

/* 2^t. Below -126 it is at most 2^-126, above 127 at least 2^127. */
INLINE vec vec_exp2(vec t) {
  t = vec_clamp_exponent(t);
  vec n = vec_round(t);
  return vec_scale_exponent(vec_exp2_fraction(vec_sub(t, n)), n);
}

/*
 * e^x = 2^n e^r, x clamped to [-87.3, 88]. n ln(2) is taken off in two parts (Cody and Waite): the first has so few
 * bits that n times it is exact, with or without a fused multiply-add.
 */
INLINE vec vec_exp(vec x) {
  x = vec_min(vec_set(88.0f), vec_max(vec_set(-87.3f), x));
  vec n = vec_round(vec_mul(x, vec_set(0x1.715476p+0f)));
  vec r = vec_fma(n, vec_set(-0x1.62e4p-1f), x);
  r = vec_fma(n, vec_set(-0x1.7f7d1cp-20f), r);
  return vec_scale_exponent(vec_exp2_fraction(vec_mul(r, vec_set(0x1.715476p+0f))), n);
}

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
 * term is below half a unit in the last place of v.
 */
INLINE vec vec_softplus(vec v) {
  vec e = vec_exp(vec_negate(vec_abs(v)));
  return vec_add(vec_max(vec_set(0.0f), v), vec_log1p_unit(e));
}

/* v / (1 + e^-v) */
INLINE vec vec_silu(vec v) { return vec_div(v, vec_add(vec_set(1.0f), vec_exp(vec_negate(v)))); }

#endif
