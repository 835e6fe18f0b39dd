/* 2^t and e^x by polynomials alone, for the tiers without a permutation of sixteen floats. */
#ifndef PANAMBA_VEC_EXP2_H
#define PANAMBA_VEC_EXP2_H

/* Adding 1.5 * 2^23 leaves no bits for a fraction: the last bits of the sum are the nearest integer. */
#define EXP2_SHIFT 0x1.8p23f

/* 2^f on [-1/2, 1/2], relative error 9.2e-8: minimax, with the value at 0 held exact, so that a state that hardly
 * decays does not drift. */
INLINE vec vec_exp2_fraction(vec f) {
  vec p = vec_set(0x1.5bba14p-10f);
  p = vec_fma(p, f, vec_set(0x1.3cea88p-7f));
  p = vec_fma(p, f, vec_set(0x1.c6b752p-5f));
  p = vec_fma(p, f, vec_set(0x1.ebf9bcp-3f));
  p = vec_fma(p, f, vec_set(0x1.62e42ap-1f));
  return vec_fma(p, f, vec_set(1.0f));
}

INLINE vec vec_exp2_near(vec t) {
  vec shift = vec_set(EXP2_SHIFT);
  vec shifted = vec_add(t, shift);
  return vec_add_exponent(vec_exp2_fraction(vec_sub(t, vec_sub(shifted, shift))), shifted);
}

/*
 * e^x = 2^n e^r for |x| <= 87.3. n ln(2) is taken off in two parts (Cody and Waite): the first has so few bits that n
 * times it is exact, with or without a fused multiply-add.
 */
INLINE vec vec_exp_near(vec x) {
  vec shift = vec_set(EXP2_SHIFT);
  vec shifted = vec_add(vec_mul(x, vec_set(0x1.715476p+0f)), shift);
  vec n = vec_sub(shifted, shift);
  vec r = vec_fma(n, vec_set(-0x1.62e4p-1f), x);
  r = vec_fma(n, vec_set(-0x1.7f7d1cp-20f), r);
  return vec_add_exponent(vec_exp2_fraction(vec_mul(r, vec_set(0x1.715476p+0f))), shifted);
}

#endif
