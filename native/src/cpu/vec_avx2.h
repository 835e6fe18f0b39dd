/* Eight floats in an AVX register, with AVX2's integers and FMA. The interface is described in vec.h. */
#ifndef PANAMBA_VEC_AVX2_H
#define PANAMBA_VEC_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#if !defined(__AVX2__) || !defined(__FMA__)
#error "this tier has to be compiled for AVX2 and FMA"
#endif

typedef __m256 vec;
#define VEC_WIDTH 8
#define VEC_REGISTERS 16
/* 12 accumulators, 2 columns of weights and a broadcast fill 15 of the 16 registers. */
#define GEMM_ROWS 6
#define GEMM_VECS 2
/* Four states leave twelve registers for the step. */
#define SCAN_GROUP 4

INLINE vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vec_store(float *p, vec a) { _mm256_storeu_ps(p, a); }

INLINE __m256i vec_mask(int lanes) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vec vec_load_partial(const float *p, int lanes) { return _mm256_maskload_ps(p, vec_mask(lanes)); }
INLINE void vec_store_partial(float *p, vec a, int lanes) { _mm256_maskstore_ps(p, vec_mask(lanes), a); }

INLINE vec vec_set(float a) { return _mm256_set1_ps(a); }
INLINE vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
INLINE vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
INLINE vec vec_sqrt(vec a) { return _mm256_sqrt_ps(a); }
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
INLINE vec vec_abs(vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
INLINE vec vec_negate(vec a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
INLINE vec vec_if_negative(vec x, vec a, vec b) { return _mm256_blendv_ps(b, a, x); }
INLINE vec vec_max_nan(vec a, vec b) {
  return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

/* The second operand is returned when one is NaN, which keeps NaN. */
INLINE vec vec_clamp_exponent(vec a) {
  return _mm256_min_ps(_mm256_set1_ps(126.0f), _mm256_max_ps(_mm256_set1_ps(-126.0f), a));
}
INLINE int vec_any_beyond(vec a, float limit) {
  return _mm256_movemask_ps(_mm256_cmp_ps(a, _mm256_set1_ps(limit), _CMP_NLE_UQ)) != 0;
}
INLINE vec vec_add_exponent(vec a, vec shifted) {
  __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent));
}

INLINE float vec_sum(vec a) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Halves of two vectors, added to one; three times over, every lane is a sum. */
INLINE vec vec_fold_ones(vec a, vec b) { return _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)); }
INLINE vec vec_fold_pairs(vec a, vec b) {
  __m256d c = _mm256_castps_pd(a);
  __m256d d = _mm256_castps_pd(b);
  return _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(c, d)), _mm256_castpd_ps(_mm256_unpackhi_pd(c, d)));
}
INLINE vec vec_fold(vec a, vec b, vec c, vec d) { return vec_fold_pairs(vec_fold_ones(a, b), vec_fold_ones(c, d)); }
INLINE vec vec_folded_sums(const vec *v) {
  return _mm256_add_ps(_mm256_permute2f128_ps(v[0], v[1], 0x20), _mm256_permute2f128_ps(v[0], v[1], 0x31));
}

/* Within each half of four columns, as if the halves were matrices of their own; then halves with each other. */
INLINE void vec_transpose(vec v[VEC_WIDTH]) {
  vec t[VEC_WIDTH];
  for (int i = 0; i < VEC_WIDTH; i += 4) {
    __m256d low = _mm256_castps_pd(_mm256_unpacklo_ps(v[i], v[i + 1]));
    __m256d high = _mm256_castps_pd(_mm256_unpackhi_ps(v[i], v[i + 1]));
    __m256d next_low = _mm256_castps_pd(_mm256_unpacklo_ps(v[i + 2], v[i + 3]));
    __m256d next_high = _mm256_castps_pd(_mm256_unpackhi_ps(v[i + 2], v[i + 3]));
    t[i] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, next_low));
    t[i + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, next_low));
    t[i + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high, next_high));
    t[i + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high, next_high));
  }
  for (int i = 0; i < 4; i++) {
    v[i] = _mm256_permute2f128_ps(t[i], t[4 + i], 0x20);
    v[4 + i] = _mm256_permute2f128_ps(t[i], t[4 + i], 0x31);
  }
}

INLINE vec vec_widen_bf16(__m128i halves) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
INLINE vec vec_load_bf16(const bf16 *p) { return vec_widen_bf16(_mm_loadu_si128((const __m128i *)p)); }
INLINE vec vec_load_bf16_partial(const bf16 *p, int lanes) {
  bf16 whole[VEC_WIDTH] = {0};
  for (int i = 0; i < lanes; i++) {
    whole[i] = p[i];
  }
  return vec_load_bf16(whole);
}
INLINE __m128i vec_narrow_bf16(vec a) {
  __m256i bits = _mm256_castps_si256(a);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
  __m256i halves = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
  __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x08);
  return _mm256_castsi256_si128(packed);
}
INLINE void vec_store_bf16(bf16 *p, vec a) { _mm_storeu_si128((__m128i *)p, vec_narrow_bf16(a)); }
INLINE void vec_store_bf16_partial(bf16 *p, vec a, int lanes) {
  bf16 whole[VEC_WIDTH];
  vec_store_bf16(whole, a);
  for (int i = 0; i < lanes; i++) {
    p[i] = whole[i];
  }
}

typedef __m256i pairs;
INLINE pairs pairs_load(const bf16 *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE void pairs_store(bf16 *p, pairs a) { _mm256_storeu_si256((__m256i *)p, a); }
INLINE pairs pairs_set(const bf16 *p) {
  int32_t both;
  memcpy(&both, p, sizeof both);
  return _mm256_set1_epi32(both);
}
INLINE pairs pairs_set_one(const bf16 *p) { return _mm256_set1_epi32(*p); }
INLINE pairs pairs_of(vec a, vec b) {
  __m256i second = _mm256_slli_epi32(_mm256_cvtepu16_epi32(vec_narrow_bf16(b)), 16);
  return _mm256_or_si256(_mm256_cvtepu16_epi32(vec_narrow_bf16(a)), second);
}
INLINE vec pairs_first(pairs a) { return _mm256_castsi256_ps(_mm256_slli_epi32(a, 16)); }
INLINE vec pairs_second(pairs a) {
  return _mm256_castsi256_ps(_mm256_and_si256(a, _mm256_set1_epi32((int32_t)0xffff0000u)));
}
INLINE vec vec_dot(vec sum, pairs a, pairs b) {
  sum = vec_fma(pairs_first(a), pairs_first(b), sum);
  return vec_fma(pairs_second(a), pairs_second(b), sum);
}

#include "vec_exp2.h"

#endif
