/* Sixteen floats in an AVX-512 register. The interface is described in vec.h. */
#ifndef PANAMBA_VEC_AVX512_H
#define PANAMBA_VEC_AVX512_H

#include <immintrin.h>

#if !defined(__AVX512F__) || !defined(__AVX512DQ__) || !defined(__AVX512BW__) || !defined(__AVX512VL__)
#error "this tier has to be compiled for AVX-512 F, DQ, BW and VL"
#endif

typedef __m512 vec;
#define VEC_WIDTH 16
/* 27 accumulators, 3 columns of weights and a broadcast fill 31 of the 32 registers. */
#define GEMM_ROWS 9
#define GEMM_VECS 3
/* States kept in registers at a time by the scan. */
#define SCAN_GROUP 16

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
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
INLINE vec vec_abs(vec a) { return _mm512_abs_ps(a); }
INLINE vec vec_negate(vec a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
INLINE vec vec_max_nan(vec a, vec b) {
  __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
  return _mm512_mask_mov_ps(_mm512_max_ps(a, b), nan, a);
}

INLINE vec vec_round(vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vec vec_scale_exponent(vec a, vec n) { return _mm512_scalef_ps(a, n); }
INLINE vec vec_clamp_exponent(vec a) { return a; }

/* A fixed tree: halves added until one lane is left. */
INLINE float vec_sum(vec a) { return _mm512_reduce_add_ps(a); }

#endif
