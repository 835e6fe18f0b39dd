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
/* 12 accumulators, 2 columns of weights and a broadcast fill 15 of the 16 registers. */
#define GEMM_ROWS 6
#define GEMM_VECS 2
/* Eight states leave eight registers for the step. */
#define SCAN_GROUP 8

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
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
INLINE vec vec_abs(vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
INLINE vec vec_negate(vec a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
INLINE vec vec_max_nan(vec a, vec b) {
  return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

INLINE vec vec_round(vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vec vec_scale_exponent(vec a, vec n) {
  __m256i shifted = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted));
}
/* The second operand is returned when one is NaN, which keeps NaN. */
INLINE vec vec_clamp_exponent(vec a) {
  return _mm256_min_ps(_mm256_set1_ps(127.0f), _mm256_max_ps(_mm256_set1_ps(-126.0f), a));
}

INLINE float vec_sum(vec a) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#endif
