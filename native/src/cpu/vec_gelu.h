/* GELU in the form of the error function (Hendrycks and Gimpel, arXiv 1606.08415): x Phi(x), with Phi the distribution
 * of the normal law, and its derivative. */
#ifndef PANAMBA_VEC_GELU_H
#define PANAMBA_VEC_GELU_H

#include "panamba.h"
#include "vec_math.h"

/* Phi(-14) is below the smallest float: what is left of it counts as the limit. */
#define GELU_END 14.0f

/*
 * Phi(-|x|) = e^(-x^2/2) t p(t) with t = 1 / (1 + 0.35 |x|), p off by 3.2e-8, minimax for |x| <= 14.5: relative, so that
 * the left tail does not cancel. *bell is e^(-x^2/2).
 */
INLINE vec vec_normal_tail(vec x, vec *bell) {
  vec y = vec_abs(x);
  vec one = vec_set(1.0f);
  *bell = vec_exp(vec_mul(vec_mul(y, y), vec_set(-0.5f)));
  vec t = vec_div(one, vec_fma(y, vec_set(0.35f), one));
  vec p = vec_set(-0x1.ddb9a4p-6f);
  p = vec_fma(p, t, vec_set(0x1.26fa0cp-3f));
  p = vec_fma(p, t, vec_set(-0x1.05fb06p-2f));
  p = vec_fma(p, t, vec_set(0x1.464a38p-3f));
  p = vec_fma(p, t, vec_set(-0x1.7c5408p-6f));
  p = vec_fma(p, t, vec_set(0x1.b05844p-4f));
  p = vec_fma(p, t, vec_set(0x1.eac99ep-4f));
  p = vec_fma(p, t, vec_set(0x1.1e70c6p-3f));
  p = vec_fma(p, t, vec_set(0x1.1df1c6p-3f));
  return vec_mul(vec_mul(p, t), *bell);
}

/* x Phi(x) = max(x, 0) - |x| Phi(-|x|) */
INLINE vec vec_gelu(vec x) {
  vec bell;
  vec tail = vec_normal_tail(x, &bell);
  /* At infinity the limit, 0, and not infinity times zero. A NaN passes through as the second operand of max. */
  vec near = vec_min(vec_set(GELU_END), vec_abs(x));
  return vec_fma(vec_negate(near), tail, vec_max(vec_set(0.0f), x));
}

/* Of two operands max gives the second if either is NaN. */
INLINE vec vec_relu(vec x) { return vec_max(vec_set(0.0f), x); }

/* An activation that is one: with its kind known to the compiler, no branch is left. */
INLINE vec vec_activation(vec x, const int32_t kind) {
  switch (kind) {
    case PANAMBA_ACTIVATION_RELU: return vec_relu(x);
    case PANAMBA_ACTIVATION_GELU: return vec_gelu(x);
    default: return vec_silu(x);
  }
}

/* Phi(x) + x e^(-x^2/2) / sqrt(2 pi) */
INLINE vec vec_gelu_slope(vec x) {
  vec bell;
  vec tail = vec_normal_tail(x, &bell);
  vec phi = vec_if_negative(x, tail, vec_sub(vec_set(1.0f), tail));
  vec near = vec_min(vec_set(GELU_END), vec_max(vec_set(-GELU_END), x));
  return vec_fma(vec_mul(near, bell), vec_set(0x1.988454p-2f), phi);
}

#endif
