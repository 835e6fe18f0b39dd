/*
 * One interface over the registers of each instruction-set tier. A source that includes this header is compiled once
 * per tier, with TIER naming it; TIER_NAME(f) gives a function its name in that tier.
 *
 *   vec_load_partial, vec_store_partial   touch the first `lanes` floats alone; the other lanes load as zero
 *   vec_max(a, b), vec_min(a, b)          b if either is NaN; vec_max_nan gives NaN if either is
 *   vec_round                             to the nearest integer, ties to even
 *   vec_scale_exponent(a, n)              a * 2^n for an integral n
 *   vec_clamp_exponent                    clamps to where vec_scale_exponent is right, where that is not everywhere;
 * keeps NaN vec_sum                               adds the lanes in an order that depends on the tier alone
 */
#ifndef PANAMBA_VEC_H
#define PANAMBA_VEC_H

#define INLINE static inline __attribute__((always_inline))
#define TIER_JOIN_(name, tier) panamba_##name##_##tier
#define TIER_JOIN(name, tier) TIER_JOIN_(name, tier)
#define TIER_NAME(name) TIER_JOIN(name, TIER)

#if defined(PANAMBA_TIER_AVX512)
#define TIER avx512
#include "vec_avx512.h"
#elif defined(PANAMBA_TIER_AVX2)
#define TIER avx2
#include "vec_avx2.h"
#elif defined(PANAMBA_TIER_PORTABLE)
#define TIER portable
#include "vec_portable.h"
#else
#error "no instruction-set tier is named"
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

#endif
