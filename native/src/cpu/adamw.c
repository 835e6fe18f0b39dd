/* A step of AdamW. */
#include "tier.h"

#define TILE_ELEMENTS 8192

int64_t TIER_NAME(adamw_tiles)(const void *args) {
  const panamba_adamw_args *a = args;
  return ceil_div(a->count, TILE_ELEMENTS);
}

void TIER_NAME(adamw_tile)(const void *args, int64_t tile) {
  const panamba_adamw_args *a = args;
  int64_t end = min64(a->count, (tile + 1) * TILE_ELEMENTS);
  const vec factor = vec_set(a->gradient_factor ? *a->gradient_factor : 1.0f);
  const vec kept = vec_set(1.0f - a->rates[0] * a->weight_decay);
  const vec rate = vec_set(a->rates[0] / a->rates[1]);
  const vec root = vec_set(1.0f / a->rates[2]);
  const vec beta1 = vec_set(a->beta1);
  const vec beta2 = vec_set(a->beta2);
  const vec rest1 = vec_set(1.0f - a->beta1);
  const vec rest2 = vec_set(1.0f - a->beta2);
  const vec average_decay = vec_set(a->rates[3]);
  for (int64_t i = tile * TILE_ELEMENTS; i < end; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, end - i);
    vec g = vec_mul(factor, vec_load_lanes(a->gradient + i, lanes));
    vec m = vec_load_lanes(a->first_moment + i, lanes);
    vec v = vec_load_lanes(a->second_moment + i, lanes);
    vec p = vec_mul(kept, vec_load_lanes(a->parameters + i, lanes));
    m = vec_fma(beta1, m, vec_mul(rest1, g));
    v = vec_fma(beta2, v, vec_mul(rest2, vec_mul(g, g)));
    vec divisor = vec_fma(vec_sqrt(v), root, vec_set(a->eps));
    p = vec_sub(p, vec_mul(rate, vec_div(m, divisor)));
    vec_store_lanes(a->first_moment + i, m, lanes);
    vec_store_lanes(a->second_moment + i, v, lanes);
    vec_store_lanes(a->parameters + i, p, lanes);
    if (a->average) {
      vec average = vec_load_lanes(a->average + i, lanes);
      vec_store_lanes(a->average + i, vec_fma(average_decay, vec_sub(average, p), p), lanes);
    }
  }
}
