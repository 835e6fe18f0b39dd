/* Softmax cross-entropy with label smoothing, and its gradient. */
#include <math.h>

#include "tier.h"
#include "vec_math.h"

/* A tile is a row. */
int64_t TIER_NAME(cross_entropy_tiles)(const void *args) {
  const panamba_cross_entropy_args *a = args;
  return a->batch;
}

static float maximum(const float *x, int64_t count) {
  float largest = x[0];
  for (int64_t i = 1; i < count; i++) {
    largest = x[i] > largest ? x[i] : largest;
  }
  return largest;
}

/* The first lanes of a vector, the others zero. */
INLINE vec keep_lanes(vec a, int lanes) {
  float kept[VEC_WIDTH] = {0};
  vec_store_lanes(kept, a, lanes);
  return vec_load(kept);
}

void TIER_NAME(cross_entropy_tile)(const void *args, int64_t tile) {
  const panamba_cross_entropy_args *a = args;
  const float *logits = a->logits + tile * a->classes;
  float *gradient = a->logits_gradient ? a->logits_gradient + tile * a->classes : 0;
  int32_t label = a->labels[tile];
  int known = label >= 0 && label < a->classes;
  float largest = maximum(logits, a->classes);
  vec shift = vec_set(largest);
  vec shifted_sum = vec_set(0.0f);
  vec exp_sum = vec_set(0.0f);
  for (int64_t i = 0; i < a->classes; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, a->classes - i);
    vec shifted = vec_sub(vec_load_lanes(logits + i, lanes), shift);
    vec e = vec_exp(shifted);
    shifted_sum = vec_add(shifted_sum, keep_lanes(shifted, lanes));
    exp_sum = vec_add(exp_sum, keep_lanes(e, lanes));
  }
  float total = vec_sum(exp_sum);
  float rest = a->smoothing / (float)a->classes;
  a->losses[tile] = known
                        ? logf(total) - (1.0f - a->smoothing) * (logits[label] - largest) - rest * vec_sum(shifted_sum)
                    : label == PANAMBA_NO_LABEL ? 0.0f
                                                : NAN;
  if (!gradient) {
    return;
  }
  vec scale = vec_set(known ? a->gradient_scale / total : 0.0f);
  vec smooth = vec_set(known ? a->gradient_scale * rest : 0.0f);
  for (int64_t i = 0; i < a->classes; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, a->classes - i);
    vec e = vec_exp(vec_sub(vec_load_lanes(logits + i, lanes), shift));
    vec_store_lanes(gradient + i, vec_sub(vec_mul(e, scale), smooth), lanes);
  }
  if (known) {
    gradient[label] -= a->gradient_scale * (1.0f - a->smoothing);
  }
}
