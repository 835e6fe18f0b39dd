/*
 * One interface over the registers of each instruction-set tier. A source that includes this header is compiled once
 * per tier, with TIER naming it; TIER_NAME(f) gives a function its name in that tier.
 *
 *   vec_load_partial, vec_store_partial   touch the first `lanes` floats alone; the other lanes load as zero
 *   vec_load_bf16, vec_store_bf16, ...    the same of bfloat16 in memory: widened, or rounded to nearest even
 *   vec_max(a, b), vec_min(a, b)          b if either is NaN; vec_max_nan gives NaN if either is
 *   vec_if_negative(x, a, b)              a where the sign of x is minus, b elsewhere
 *   vec_exp2_near                         2^t for |t| <= 126, relative error 1.7e-7 (2e-7 where multiply-adds are not
 *                                         fused), exact at 0; NaN for NaN
 *   vec_clamp_exponent                    clamps to [-126, 126]; keeps NaN
 *   vec_sum                               adds the lanes in an order that depends on the tier alone
 *   vec_fold                              of four vectors one: every four lanes are a part of each one's sum
 *   vec_folded_sums                       the sums of VEC_WIDTH vectors, one per lane, from their VEC_WIDTH / 4 folds
 *   vec_transpose                         rows and columns of VEC_WIDTH vectors exchanged; bits are only moved
 *   vec_any_beyond(a, limit)              whether a lane is above the limit, or NaN
 *   pairs                                 two neighbouring bfloat16 per lane, the first in the lower half
 *   pairs_of(a, b)                        a, rounded, beside b, rounded; pairs_first, pairs_second: one of the two
 *   pair                                  one pair, the same for every lane; pair_load_one(p) is *p beside a zero
 *   vec_dot_one(sum, a, b)                sum + a0 * b0 + a1 * b1, of the pair a, in an order that depends on the tier alone
 *   vec_fma_one(a, b, c)                  vec_fma() with the number a in every lane
 */
#ifndef PANAMBA_VEC_H
#define PANAMBA_VEC_H

#include "bf16.h"
#include "panamba.h"

#define INLINE static inline __attribute__((always_inline))
#define TIER_JOIN_(name, tier) panamba_##name##_##tier
#define TIER_JOIN(name, tier) TIER_JOIN_(name, tier)
#define TIER_NAME(name) TIER_JOIN(name, TIER)

#if defined(PANAMBA_TIER_AVX512BF16)
#define TIER avx512bf16
#include "vec_avx512.h"
#elif defined(PANAMBA_TIER_AVX512)
#define TIER avx512
#include "vec_avx512.h"
#elif defined(PANAMBA_TIER_AVX2)
#define TIER avx2
#include "vec_avx2.h"
#elif defined(PANAMBA_TIER_NEONBF16)
#define TIER neonbf16
#include "vec_neon.h"
#elif defined(PANAMBA_TIER_NEON)
#define TIER neon
#include "vec_neon.h"
#elif defined(PANAMBA_TIER_PORTABLE)
#define TIER portable
#include "vec_portable.h"
#else
#error "no instruction-set tier is named"
#endif

/* Where no instruction takes a factor from one lane: it is in all lanes of a register. */
#if !defined(VEC_HAS_ONE)
INLINE vec vec_fma_one(float a, vec b, vec c) { return vec_fma(vec_set(a), b, c); }
typedef pairs pair;
INLINE pair pair_load(const bf16 *p) { return pairs_set(p); }
INLINE pair pair_load_one(const bf16 *p) { return pairs_set_one(p); }
INLINE vec vec_dot_one(vec sum, pair a, pairs b) { return vec_dot(sum, a, b); }
#endif

/* With a constant `lanes` of VEC_WIDTH these are plain loads and stores: one body of a kernel serves whole vectors and
 * tails. */
INLINE vec vec_load_lanes(const float *p, int lanes) {
  return lanes == VEC_WIDTH ? vec_load(p) : vec_load_partial(p, lanes);
}

INLINE void vec_store_lanes(float *p, vec a, int lanes) {
  if (lanes == VEC_WIDTH) {
    vec_store(p, a);
  } else {
    vec_store_partial(p, a, lanes);
  }
}

/* Elements index, index + 1, ... of an activation of type `dtype`, PANAMBA_F32 or PANAMBA_BF16. */
INLINE vec vec_load_as(int32_t dtype, const void *base, int64_t index, int lanes) {
  if (dtype == PANAMBA_F32) {
    return vec_load_lanes((const float *)base + index, lanes);
  }
  const bf16 *p = (const bf16 *)base + index;
  return lanes == VEC_WIDTH ? vec_load_bf16(p) : vec_load_bf16_partial(p, lanes);
}

INLINE void vec_store_as(int32_t dtype, void *base, int64_t index, vec a, int lanes) {
  if (dtype == PANAMBA_F32) {
    vec_store_lanes((float *)base + index, a, lanes);
  } else if (lanes == VEC_WIDTH) {
    vec_store_bf16((bf16 *)base + index, a);
  } else {
    vec_store_bf16_partial((bf16 *)base + index, a, lanes);
  }
}

/* To bfloat16 and back. */
INLINE vec vec_round_bf16(vec a) {
  bf16 rounded[VEC_WIDTH];
  vec_store_bf16(rounded, a);
  return vec_load_bf16(rounded);
}

#endif
