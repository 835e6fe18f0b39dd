/* The norm of a gradient, and the factor that clips it. */
#include <math.h>

#include "tier.h"

int64_t TIER_NAME(clip_tiles)(const void *args) {
  (void)args;
  return 1;
}

void TIER_NAME(clip_tile)(const void *args, int64_t tile) {
  (void)tile;
  const panamba_clip_args *a = args;
  double sum = 0;
  for (int64_t i = 0; i < a->count; i++) {
    sum += (double)a->parts[i];
  }
  float norm = (float)sqrt(sum);
  float factor = a->limit / (norm + 1e-6f);
  a->result[0] = norm;
  /* NaN stays: a gradient that is not a number must show. */
  a->result[1] = factor > 1.0f ? 1.0f : factor;
}
