/* Four floats in a register of Advanced SIMD (NEON), with or without the instructions for bfloat16. The interface is
 * described in vec.h. */
#ifndef PANAMBA_VEC_NEON_H
#define PANAMBA_VEC_NEON_H

#include <arm_neon.h>

#if defined(PANAMBA_TIER_NEONBF16) && !defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#error "this tier has to be compiled for bfloat16"
#endif

typedef float32x4_t vec;
#define VEC_WIDTH 4
#define VEC_REGISTERS 32
/* 27 accumulators, 3 columns of weights and a number of a row fill 31 of the 32 registers. */
#define GEMM_ROWS 9
#define GEMM_VECS 3
/* Four states, a polynomial's constants and what a step needs take 24 registers. */
#define SCAN_GROUP 4

INLINE vec vec_load(const float *p) { return vld1q_f32(p); }
INLINE void vec_store(float *p, vec a) { vst1q_f32(p, a); }
INLINE vec vec_load_partial(const float *p, int lanes) {
  float whole[VEC_WIDTH] = {0};
  for (int i = 0; i < lanes; i++) {
    whole[i] = p[i];
  }
  return vld1q_f32(whole);
}
INLINE void vec_store_partial(float *p, vec a, int lanes) {
  float whole[VEC_WIDTH];
  vst1q_f32(whole, a);
  for (int i = 0; i < lanes; i++) {
    p[i] = whole[i];
  }
}

INLINE vec vec_set(float a) { return vdupq_n_f32(a); }
INLINE vec vec_add(vec a, vec b) { return vaddq_f32(a, b); }
INLINE vec vec_sub(vec a, vec b) { return vsubq_f32(a, b); }
INLINE vec vec_mul(vec a, vec b) { return vmulq_f32(a, b); }
INLINE vec vec_div(vec a, vec b) { return vdivq_f32(a, b); }
INLINE vec vec_sqrt(vec a) { return vsqrtq_f32(a); }
INLINE vec vec_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
/* FMLA takes a factor from one lane: a number needs no broadcast. Assembler for GCC, to which its intrinsic reads memory
 * (the rounding mode), so that it would store every sum of a product in every round. */
#define VEC_HAS_ONE
#if defined(__clang__)
INLINE vec vec_fma_one(float a, vec b, vec c) { return vfmaq_n_f32(c, b, a); }
#else
INLINE vec vec_fma_one(float a, vec b, vec c) {
  __asm__("fmla %0.4s, %1.4s, %2.s[0]" : "+w"(c) : "w"(b), "w"(a));
  return c;
}
#endif
/* FMAX and FMIN give NaN if either operand is NaN, which is vec_max_nan()'s rule and not these two's. */
INLINE vec vec_max(vec a, vec b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
INLINE vec vec_min(vec a, vec b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
INLINE vec vec_max_nan(vec a, vec b) { return vmaxq_f32(a, b); }
INLINE vec vec_abs(vec a) { return vabsq_f32(a); }
INLINE vec vec_negate(vec a) { return vnegq_f32(a); }
INLINE vec vec_if_negative(vec x, vec a, vec b) {
  return vbslq_f32(vcltq_s32(vreinterpretq_s32_f32(x), vdupq_n_s32(0)), a, b);
}

INLINE vec vec_clamp_exponent(vec a) { return vminq_f32(vmaxq_f32(a, vec_set(-126.0f)), vec_set(126.0f)); }
INLINE int vec_any_beyond(vec a, float limit) { return vminvq_u32(vcleq_f32(a, vec_set(limit))) == 0; }
INLINE vec vec_add_exponent(vec a, vec shifted) {
  int32x4_t exponent = vshlq_n_s32(vreinterpretq_s32_f32(shifted), 23);
  return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), exponent));
}

/* Neighbours first, in vec_sum() and in folds alike. */
INLINE float vec_sum(vec a) { return vaddvq_f32(a); }
INLINE vec vec_fold(vec a, vec b, vec c, vec d) { return vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)); }
INLINE vec vec_folded_sums(const vec *v) { return v[0]; }

INLINE vec vec_low_halves(vec a, vec b) {
  return vreinterpretq_f32_f64(vtrn1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
INLINE vec vec_high_halves(vec a, vec b) {
  return vreinterpretq_f32_f64(vtrn2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
/* Within each square of two rows and columns; then the squares with each other. */
INLINE void vec_transpose(vec v[VEC_WIDTH]) {
  vec even = vtrn1q_f32(v[0], v[1]);
  vec odd = vtrn2q_f32(v[0], v[1]);
  vec next_even = vtrn1q_f32(v[2], v[3]);
  vec next_odd = vtrn2q_f32(v[2], v[3]);
  v[0] = vec_low_halves(even, next_even);
  v[1] = vec_low_halves(odd, next_odd);
  v[2] = vec_high_halves(even, next_even);
  v[3] = vec_high_halves(odd, next_odd);
}

INLINE vec vec_widen_bf16(uint16x4_t halves) { return vreinterpretq_f32_u32(vshll_n_u16(halves, 16)); }
INLINE vec vec_load_bf16(const bf16 *p) { return vec_widen_bf16(vld1_u16(p)); }
INLINE vec vec_load_bf16_partial(const bf16 *p, int lanes) {
  bf16 whole[VEC_WIDTH] = {0};
  for (int i = 0; i < lanes; i++) {
    whole[i] = p[i];
  }
  return vec_load_bf16(whole);
}
#if defined(PANAMBA_TIER_NEONBF16)
/* BFCVTN rounds as the floating-point mode says, to nearest even, and makes a NaN quiet. */
INLINE uint16x4_t vec_narrow_bf16(vec a) { return vreinterpret_u16_bf16(vcvt_bf16_f32(a)); }
#else
INLINE uint16x4_t vec_narrow_bf16(vec a) {
  uint32x4_t bits = vreinterpretq_u32_f32(a);
  uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
  uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
  return vshrn_n_u32(vbslq_u32(vceqq_f32(a, a), rounded, quiet), 16);
}
#endif
INLINE void vec_store_bf16(bf16 *p, vec a) { vst1_u16(p, vec_narrow_bf16(a)); }
INLINE void vec_store_bf16_partial(bf16 *p, vec a, int lanes) {
  bf16 whole[VEC_WIDTH];
  vec_store_bf16(whole, a);
  for (int i = 0; i < lanes; i++) {
    p[i] = whole[i];
  }
}

typedef uint32x4_t pairs;
INLINE pairs pairs_load(const bf16 *p) { return vreinterpretq_u32_u16(vld1q_u16(p)); }
INLINE void pairs_store(bf16 *p, pairs a) { vst1q_u16(p, vreinterpretq_u16_u32(a)); }
INLINE pairs pairs_of(vec a, vec b) {
  uint16x4_t first = vec_narrow_bf16(a);
  uint16x4_t second = vec_narrow_bf16(b);
  return vreinterpretq_u32_u16(vcombine_u16(vzip1_u16(first, second), vzip2_u16(first, second)));
}
INLINE vec pairs_first(pairs a) { return vreinterpretq_f32_u32(vshlq_n_u32(a, 16)); }
INLINE vec pairs_second(pairs a) { return vreinterpretq_f32_u32(vandq_u32(a, vdupq_n_u32(0xffff0000u))); }
#if defined(PANAMBA_TIER_NEONBF16)
/* BFDOT adds the two products, then their sum to `sum`, and rounds either sum to odd: to the one of its two neighbours
 * whose last bit is 1, unless it is exact. */
typedef bfloat16x4_t pair;
INLINE pair pair_load(const bf16 *p) {
  uint32_t both;
  memcpy(&both, p, sizeof both);
  return vcreate_bf16(both);
}
INLINE pair pair_load_one(const bf16 *p) { return vcreate_bf16(*p); }
INLINE vec vec_dot_one(vec sum, pair a, pairs b) { return vbfdotq_lane_f32(sum, vreinterpretq_bf16_u32(b), a, 0); }
#else
typedef struct {
  float first;
  float second;
} pair;
INLINE pair pair_load(const bf16 *p) { return (pair){bf16_to_float(p[0]), bf16_to_float(p[1])}; }
INLINE pair pair_load_one(const bf16 *p) { return (pair){bf16_to_float(*p), 0.0f}; }
INLINE vec vec_dot_one(vec sum, pair a, pairs b) {
  sum = vec_fma_one(a.first, pairs_first(b), sum);
  return vec_fma_one(a.second, pairs_second(b), sum);
}
#endif

#include "vec_exp2.h"

#endif
