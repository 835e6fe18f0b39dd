/* Four floats in the compiler's own vector type, for any processor. The interface is described in vec.h. */
#ifndef PANAMBA_VEC_PORTABLE_H
#define PANAMBA_VEC_PORTABLE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float vec __attribute__((vector_size(16)));
typedef int32_t ivec __attribute__((vector_size(16)));
typedef uint32_t uvec __attribute__((vector_size(16)));
#define VEC_WIDTH 4
#define VEC_REGISTERS 16
#define GEMM_ROWS 5
#define GEMM_VECS 2
/* States kept in registers at a time by the scan. */
#define SCAN_GROUP 4

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
INLINE vec vec_sqrt(vec a) { return (vec){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])}; }
/* Rounded twice where the processor has no fused multiply-add. */
INLINE vec vec_fma(vec a, vec b, vec c) { return a * b + c; }
INLINE vec vec_choose(ivec mask, vec a, vec b) { return (vec)(((ivec)a & mask) | ((ivec)b & ~mask)); }
INLINE vec vec_max(vec a, vec b) { return vec_choose(a > b, a, b); }
INLINE vec vec_min(vec a, vec b) { return vec_choose(a < b, a, b); }
INLINE vec vec_abs(vec a) { return (vec)((ivec)a & 0x7fffffff); }
INLINE vec vec_negate(vec a) { return -a; }
INLINE vec vec_if_negative(vec x, vec a, vec b) { return vec_choose((ivec)x >> 31, a, b); }
INLINE vec vec_max_nan(vec a, vec b) { return vec_choose(a != a, a, vec_max(a, b)); }

INLINE vec vec_clamp_exponent(vec a) { return vec_min(vec_set(126.0f), vec_max(vec_set(-126.0f), a)); }
INLINE int vec_any_beyond(vec a, float limit) {
  ivec within = a <= vec_set(limit);
  return (within[0] & within[1] & within[2] & within[3]) == 0;
}
INLINE vec vec_add_exponent(vec a, vec shifted) { return (vec)((ivec)a + (ivec)((uvec)shifted << 23)); }

INLINE float vec_sum(vec a) { return (a[0] + a[2]) + (a[1] + a[3]); }

INLINE vec vec_fold(vec a, vec b, vec c, vec d) { return (vec){vec_sum(a), vec_sum(b), vec_sum(c), vec_sum(d)}; }
INLINE vec vec_folded_sums(const vec *v) { return v[0]; }

INLINE void vec_transpose(vec v[VEC_WIDTH]) {
  vec a = v[0], b = v[1], c = v[2], d = v[3];
  for (int i = 0; i < VEC_WIDTH; i++) {
    v[i] = (vec){a[i], b[i], c[i], d[i]};
  }
}

INLINE vec vec_load_bf16_partial(const bf16 *p, int lanes) {
  vec a = {0, 0, 0, 0};
  for (int i = 0; i < lanes; i++) {
    a[i] = bf16_to_float(p[i]);
  }
  return a;
}
INLINE vec vec_load_bf16(const bf16 *p) { return vec_load_bf16_partial(p, VEC_WIDTH); }
INLINE void vec_store_bf16_partial(bf16 *p, vec a, int lanes) {
  for (int i = 0; i < lanes; i++) {
    p[i] = bf16_of(a[i]);
  }
}
INLINE void vec_store_bf16(bf16 *p, vec a) { vec_store_bf16_partial(p, a, VEC_WIDTH); }

typedef uvec pairs;
INLINE pairs pairs_load(const bf16 *p) {
  pairs a;
  memcpy(&a, p, sizeof a);
  return a;
}
INLINE void pairs_store(bf16 *p, pairs a) { memcpy(p, &a, sizeof a); }
INLINE pairs pairs_both(uint32_t both) { return (pairs){both, both, both, both}; }
INLINE pairs pairs_set(const bf16 *p) { return pairs_both((uint32_t)p[1] << 16 | p[0]); }
INLINE pairs pairs_set_one(const bf16 *p) { return pairs_both(*p); }
INLINE pairs pairs_of(vec a, vec b) {
  pairs both;
  for (int i = 0; i < VEC_WIDTH; i++) {
    both[i] = (uint32_t)bf16_of(b[i]) << 16 | bf16_of(a[i]);
  }
  return both;
}
INLINE vec pairs_first(pairs a) { return (vec)(a << 16); }
INLINE vec pairs_second(pairs a) { return (vec)(a & 0xffff0000u); }
INLINE vec vec_dot(vec sum, pairs a, pairs b) {
  sum = vec_fma(pairs_first(a), pairs_first(b), sum);
  return vec_fma(pairs_second(a), pairs_second(b), sum);
}

#include "vec_exp2.h"

#endif
