/*
 * The arithmetic of one element, in float32: on a GPU and, for tests, on the host, as C or C++. Products and sums are
 * fused exactly where fmaf() stands; what a GPU computes approximately is in the four functions at the top.
 *
 * Cost on a GPU is counted in instructions of the special-function unit (MUFU), which takes a quarter of the rate of
 * the others, and in issue slots.
 */
#ifndef PANAMBA_CUDA_ARITHMETIC_H
#define PANAMBA_CUDA_ARITHMETIC_H

#include <math.h>

#if defined(__CUDACC__)
#define PANAMBA_HD __host__ __device__ __forceinline__
#elif defined(__cplusplus)
#define PANAMBA_HD inline
#else
#define PANAMBA_HD static inline
#endif

/* Before a loop: every pass a copy of its own, so that what it indexes stays in registers; or a loop in any case. */
#if defined(__CUDA_ARCH__)
#define PANAMBA_UNROLL _Pragma("unroll")
#define PANAMBA_ROLL _Pragma("unroll 1")
#else
#define PANAMBA_UNROLL
#define PANAMBA_ROLL
#endif

#define PANAMBA_LOG2_E 0x1.715476p+0f

/* 2^t, within 2 units in the last place; results below 2^-126 are zero. One MUFU. */
PANAMBA_HD float panamba_exp2(float t) {
#if defined(__CUDA_ARCH__)
  float e;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(t));
  return e;
#else
  float e = exp2f(t);
  return e < 0x1p-126f ? 0.0f : e;
#endif
}

/* 1 / x, within 1 unit in the last place. One MUFU. */
PANAMBA_HD float panamba_reciprocal(float x) {
#if defined(__CUDA_ARCH__)
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
#else
  return 1.0f / x;
#endif
}

/* The larger; b if a is NaN. */
PANAMBA_HD float panamba_max(float a, float b) { return fmaxf(a, b); }

/* The larger; NaN if either is. */
PANAMBA_HD float panamba_max_nan(float a, float b) { return a > b || a != a ? a : b; }

/* log(1 + e) on [0, 1], relative error 3.4e-8. */
PANAMBA_HD float panamba_log1p_unit(float e) {
  float p = 0.005364819f;
  p = fmaf(p, e, -0.030065773f);
  p = fmaf(p, e, 0.07920451f);
  p = fmaf(p, e, -0.137538f);
  p = fmaf(p, e, 0.19153655f);
  p = fmaf(p, e, -0.24857163f);
  p = fmaf(p, e, 0.33321324f);
  p = fmaf(p, e, -0.49999648f);
  return fmaf(p * e, e, e);
}

/*
 * log(1 + e^v) = max(v, 0) + log(1 + e^-|v|). PyTorch's threshold (v itself above 20) needs no branch: there the second
 * term is below half a unit in the last place of v. A polynomial and not the unit's logarithm: that of 1 + e would lose
 * the small steps, which have the long memory.
 */
PANAMBA_HD float panamba_softplus(float v) {
  float e = panamba_exp2(fabsf(v) * -PANAMBA_LOG2_E);
  return panamba_max(v, 0.0f) + panamba_log1p_unit(e);
}

/* v / (1 + e^-v). Two MUFU. */
PANAMBA_HD float panamba_silu(float v) { return v * panamba_reciprocal(1.0f + panamba_exp2(v * -PANAMBA_LOG2_E)); }

/* max(v, 0), NaN for NaN. */
PANAMBA_HD float panamba_relu(float v) { return v < 0.0f ? 0.0f : v; }

/* v Phi(v), with Phi(-|v|) = e^(-v^2/2) t p(t) and t = 1 / (1 + 0.35 |v|), as vec_gelu.h has it. Two MUFU. */
PANAMBA_HD float panamba_gelu(float v) {
  float y = fabsf(v);
  float t = panamba_reciprocal(fmaf(y, 0.35f, 1.0f));
  float p = -0x1.ddb9a4p-6f;
  p = fmaf(p, t, 0x1.26fa0cp-3f);
  p = fmaf(p, t, -0x1.05fb06p-2f);
  p = fmaf(p, t, 0x1.464a38p-3f);
  p = fmaf(p, t, -0x1.7c5408p-6f);
  p = fmaf(p, t, 0x1.b05844p-4f);
  p = fmaf(p, t, 0x1.eac99ep-4f);
  p = fmaf(p, t, 0x1.1e70c6p-3f);
  p = fmaf(p, t, 0x1.1df1c6p-3f);
  float tail = p * t * panamba_exp2(y * y * (-0.5f * PANAMBA_LOG2_E));
  /* At -infinity the limit, -0. The comparison lets NaN pass. */
  float low = v < -14.0f ? -14.0f : v;
  return v < 0.0f ? low * tail : v * (1.0f - tail);
}

/* One state's step of the scan: h = exp(dt A) h + (dt u) B, with a = A log2(e). One MUFU. */
PANAMBA_HD float panamba_scan_step(float h, float dt, float a, float dtu, float b) {
  return fmaf(panamba_exp2(dt * a), h, dtu * b);
}

/* residual_scale * residual + addend. */
PANAMBA_HD float panamba_add_residual(float residual, float scale, float addend) {
  return fmaf(scale, residual, addend);
}

/* What the elements of a row are multiplied by, from their mean square. */
PANAMBA_HD float panamba_norm_factor(float mean_square, float eps) { return 1.0f / sqrtf(mean_square + eps); }

#endif
