/* Sixteen floats in an AVX-512 register, with or without the instructions for bfloat16. The interface is described in
 * vec.h. */
#ifndef PANAMBA_VEC_AVX512_H
#define PANAMBA_VEC_AVX512_H

#include <immintrin.h>

#if !defined(__AVX512F__) || !defined(__AVX512DQ__) || !defined(__AVX512BW__) || !defined(__AVX512VL__)
#error "this tier has to be compiled for AVX-512 F, DQ, BW and VL"
#endif

typedef __m512 vec;
#define VEC_WIDTH 16
#define VEC_REGISTERS 32
/* 27 accumulators, 3 columns of weights and a broadcast fill 31 of the 32 registers. */
#define GEMM_ROWS 9
#define GEMM_VECS 3
/* States kept in registers at a time by the scan: with four, nothing of a step spills. */
#define SCAN_GROUP 4

INLINE vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vec_store(float *p, vec a) { _mm512_storeu_ps(p, a); }

INLINE __mmask16 vec_mask(int lanes) { return (__mmask16)((1u << lanes) - 1u); }
INLINE vec vec_load_partial(const float *p, int lanes) { return _mm512_maskz_loadu_ps(vec_mask(lanes), p); }
INLINE void vec_store_partial(float *p, vec a, int lanes) { _mm512_mask_storeu_ps(p, vec_mask(lanes), a); }

INLINE vec vec_set(float a) { return _mm512_set1_ps(a); }
INLINE vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
INLINE vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
INLINE vec vec_sqrt(vec a) { return _mm512_sqrt_ps(a); }
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
INLINE vec vec_abs(vec a) { return _mm512_abs_ps(a); }
INLINE vec vec_negate(vec a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
INLINE vec vec_if_negative(vec x, vec a, vec b) {
  return _mm512_mask_mov_ps(b, _mm512_movepi32_mask(_mm512_castps_si512(x)), a);
}
INLINE vec vec_max_nan(vec a, vec b) {
  __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
  return _mm512_mask_mov_ps(_mm512_max_ps(a, b), nan, a);
}

INLINE vec vec_clamp_exponent(vec a) {
  return _mm512_min_ps(_mm512_set1_ps(126.0f), _mm512_max_ps(_mm512_set1_ps(-126.0f), a));
}
INLINE int vec_any_beyond(vec a, float limit) { return _mm512_cmp_ps_mask(a, _mm512_set1_ps(limit), _CMP_NLE_UQ) != 0; }

/*
 * 2^t = 2^whole 2^(j/16) 2^f. Adding 1.5 * 2^19 leaves sixteenths in the last bits of a float: the lowest four are j,
 * those above are `whole`. table[j] has j << 19 taken off its bits, so that adding these bits, shifted, both cancels
 * that and puts `whole` into the exponent. |f| <= 1/32, where a cubic is off by 9e-9.
 */
static const union {
  uint32_t bits[16];
  float values[16];
} exp2_table = {{0x3f800000u, 0x3f7daac3u, 0x3f7b95c2u, 0x3f79c3d3u, 0x3f7837f0u, 0x3f76f532u, 0x3f75fed7u, 0x3f75583fu,
                 0x3f7504f3u, 0x3f7508a4u, 0x3f75672au, 0x3f76248cu, 0x3f7744fdu, 0x3f78ccdfu, 0x3f7ac0c7u,
                 0x3f7d257du}};
#define EXP2_SHIFT 0x1.8p19f

/* The fraction `f` of an exponent, and the float that has its sixteenths in its last bits. */
INLINE vec vec_exp2_parts(vec f, vec sixteenths) {
  vec p = _mm512_fmadd_ps(f, _mm512_set1_ps(0x1.c6b08ep-5f), _mm512_set1_ps(0x1.ebfbep-3f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.62e43p-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
  __m512i bits = _mm512_castps_si512(sixteenths);
  __m512i scale = _mm512_castps_si512(_mm512_permutexvar_ps(bits, _mm512_loadu_ps(exp2_table.values)));
  scale = _mm512_add_epi32(scale, _mm512_slli_epi32(bits, 19));
  return _mm512_mul_ps(p, _mm512_castsi512_ps(scale));
}

INLINE vec vec_exp2_near(vec t) {
  vec shift = _mm512_set1_ps(EXP2_SHIFT);
  vec sixteenths = _mm512_add_ps(t, shift);
  return vec_exp2_parts(_mm512_sub_ps(t, _mm512_sub_ps(sixteenths, shift)), sixteenths);
}

/* e^x for |x| <= 87.3: the product with log2(e) enters the fraction unrounded, and in two parts. */
INLINE vec vec_exp_near(vec x) {
  vec shift = _mm512_set1_ps(EXP2_SHIFT);
  vec log2e = _mm512_set1_ps(0x1.715476p+0f);
  vec sixteenths = _mm512_fmadd_ps(x, log2e, shift);
  vec f = _mm512_fmsub_ps(x, log2e, _mm512_sub_ps(sixteenths, shift));
  return vec_exp2_parts(_mm512_fmadd_ps(x, _mm512_set1_ps(0x1.4ae0cp-26f), f), sixteenths);
}

/* A fixed tree: halves added until one lane is left. */
INLINE float vec_sum(vec a) { return _mm512_reduce_add_ps(a); }

/* Halves of two vectors, added to one; four times over, every lane is a sum. */
INLINE vec vec_fold_ones(vec a, vec b) { return _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)); }
INLINE vec vec_fold_pairs(vec a, vec b) {
  __m512d c = _mm512_castps_pd(a);
  __m512d d = _mm512_castps_pd(b);
  return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(c, d)), _mm512_castpd_ps(_mm512_unpackhi_pd(c, d)));
}
INLINE vec vec_fold_fours(vec a, vec b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}
INLINE vec vec_fold(vec a, vec b, vec c, vec d) { return vec_fold_pairs(vec_fold_ones(a, b), vec_fold_ones(c, d)); }
INLINE vec vec_folded_sums(const vec *v) {
  return vec_fold_fours(vec_fold_fours(v[0], v[1]), vec_fold_fours(v[2], v[3]));
}

/* Within each quarter of four columns, as if the quarters were matrices of their own; then quarters with each other. */
INLINE void vec_transpose(vec v[VEC_WIDTH]) {
  vec t[VEC_WIDTH];
  for (int i = 0; i < VEC_WIDTH; i += 4) {
    __m512d low = _mm512_castps_pd(_mm512_unpacklo_ps(v[i], v[i + 1]));
    __m512d high = _mm512_castps_pd(_mm512_unpackhi_ps(v[i], v[i + 1]));
    __m512d next_low = _mm512_castps_pd(_mm512_unpacklo_ps(v[i + 2], v[i + 3]));
    __m512d next_high = _mm512_castps_pd(_mm512_unpackhi_ps(v[i + 2], v[i + 3]));
    t[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, next_low));
    t[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, next_low));
    t[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high, next_high));
    t[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high, next_high));
  }
  for (int i = 0; i < 4; i++) {
    vec even = _mm512_shuffle_f32x4(t[i], t[4 + i], 0x88);
    vec odd = _mm512_shuffle_f32x4(t[i], t[4 + i], 0xdd);
    vec next_even = _mm512_shuffle_f32x4(t[8 + i], t[12 + i], 0x88);
    vec next_odd = _mm512_shuffle_f32x4(t[8 + i], t[12 + i], 0xdd);
    v[i] = _mm512_shuffle_f32x4(even, next_even, 0x88);
    v[4 + i] = _mm512_shuffle_f32x4(odd, next_odd, 0x88);
    v[8 + i] = _mm512_shuffle_f32x4(even, next_even, 0xdd);
    v[12 + i] = _mm512_shuffle_f32x4(odd, next_odd, 0xdd);
  }
}

INLINE vec vec_widen_bf16(__m256i halves) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
INLINE vec vec_load_bf16(const bf16 *p) { return vec_widen_bf16(_mm256_loadu_si256((const __m256i *)p)); }
INLINE vec vec_load_bf16_partial(const bf16 *p, int lanes) {
  return vec_widen_bf16(_mm256_maskz_loadu_epi16(vec_mask(lanes), p));
}

#if defined(__AVX512BF16__)
INLINE __m256i vec_narrow_bf16(vec a) { return (__m256i)_mm512_cvtneps_pbh(a); }
#else
INLINE __m256i vec_narrow_bf16(vec a) {
  __m512i bits = _mm512_castps_si512(a);
  __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
  rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}
#endif
INLINE void vec_store_bf16(bf16 *p, vec a) { _mm256_storeu_si256((__m256i *)p, vec_narrow_bf16(a)); }
INLINE void vec_store_bf16_partial(bf16 *p, vec a, int lanes) {
  _mm256_mask_storeu_epi16(p, vec_mask(lanes), vec_narrow_bf16(a));
}

typedef __m512i pairs;
INLINE pairs pairs_load(const bf16 *p) { return _mm512_loadu_si512(p); }
INLINE void pairs_store(bf16 *p, pairs a) { _mm512_storeu_si512(p, a); }
INLINE pairs pairs_set(const bf16 *p) {
  int32_t both;
  memcpy(&both, p, sizeof both);
  return _mm512_set1_epi32(both);
}
INLINE pairs pairs_set_one(const bf16 *p) { return _mm512_set1_epi32(*p); }
#if defined(__AVX512BF16__)
/* Both are narrowed at once, one behind the other; then the halves are interleaved. */
static const uint16_t pairs_order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                         8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
INLINE pairs pairs_of(vec a, vec b) {
  return _mm512_permutexvar_epi16(_mm512_loadu_si512(pairs_order), (__m512i)_mm512_cvtne2ps_pbh(b, a));
}
#else
INLINE pairs pairs_of(vec a, vec b) {
  __m512i second = _mm512_slli_epi32(_mm512_cvtepu16_epi32(vec_narrow_bf16(b)), 16);
  return _mm512_or_si512(_mm512_cvtepu16_epi32(vec_narrow_bf16(a)), second);
}
#endif
INLINE vec pairs_first(pairs a) { return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16)); }
INLINE vec pairs_second(pairs a) {
  return _mm512_castsi512_ps(_mm512_and_si512(a, _mm512_set1_epi32((int32_t)0xffff0000u)));
}
#if defined(__AVX512BF16__)
INLINE vec vec_dot(vec sum, pairs a, pairs b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }
#else
INLINE vec vec_dot(vec sum, pairs a, pairs b) {
  sum = vec_fma(pairs_first(a), pairs_first(b), sum);
  return vec_fma(pairs_second(a), pairs_second(b), sum);
}
#endif

#endif
