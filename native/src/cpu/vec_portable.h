/* Four floats in the compiler's own vector type, for any processor. The interface is described in vec.h. */
#ifndef PANAMBA_VEC_PORTABLE_H
#define PANAMBA_VEC_PORTABLE_H

#include <stdint.h>
#include <string.h>

typedef float vec __attribute__((vector_size(16)));
typedef int32_t ivec __attribute__((vector_size(16)));
#define VEC_WIDTH 4
#define GEMM_ROWS 5
#define GEMM_VECS 2
#define SCAN_GROUP 8

INLINE vec vec_load(const float *p) {
  vec a;
  memcpy(&a, p, sizeof a);
  return a;
}
INLINE void vec_store(float *p, vec a) { memcpy(p, &a, sizeof a); }
INLINE vec vec_load_partial(const float *p, int lanes) {
  vec a = {0, 0, 0, 0};
  for (int i = 0; i < lanes; i++) {
    a[i] = p[i];
  }
  return a;
}
INLINE void vec_store_partial(float *p, vec a, int lanes) {
  for (int i = 0; i < lanes; i++) {
    p[i] = a[i];
  }
}

INLINE vec vec_set(float a) { return (vec){a, a, a, a}; }
INLINE vec vec_add(vec a, vec b) { return a + b; }
INLINE vec vec_sub(vec a, vec b) { return a - b; }
INLINE vec vec_mul(vec a, vec b) { return a * b; }
INLINE vec vec_div(vec a, vec b) { return a / b; }
/* Rounded twice where the processor has no fused multiply-add. */
INLINE vec vec_fma(vec a, vec b, vec c) { return a * b + c; }
INLINE vec vec_choose(ivec mask, vec a, vec b) { return (vec)(((ivec)a & mask) | ((ivec)b & ~mask)); }
INLINE vec vec_max(vec a, vec b) { return vec_choose(a > b, a, b); }
INLINE vec vec_min(vec a, vec b) { return vec_choose(a < b, a, b); }
INLINE vec vec_abs(vec a) { return (vec)((ivec)a & 0x7fffffff); }
INLINE vec vec_negate(vec a) { return -a; }
INLINE vec vec_max_nan(vec a, vec b) { return vec_choose(a != a, a, vec_max(a, b)); }

/* Adding 1.5 * 2^23 leaves no bits for a fraction: right for |a| < 2^22, which every caller's clamp ensures. */
INLINE vec vec_round(vec a) {
  const vec shift = vec_set(12582912.0f);
  return (a + shift) - shift;
}
INLINE vec vec_scale_exponent(vec a, vec n) {
  ivec whole = __builtin_convertvector(n, ivec);
  return (vec)((ivec)a + (whole << 23));
}
INLINE vec vec_clamp_exponent(vec a) { return vec_min(vec_set(127.0f), vec_max(vec_set(-126.0f), a)); }

INLINE float vec_sum(vec a) { return (a[0] + a[2]) + (a[1] + a[3]); }

#endif
