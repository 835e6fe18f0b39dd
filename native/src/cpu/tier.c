/* The table of one tier's kernels, and the measurement of its peak. */
#include "tier.h"

#include "microkernel.h"

/* Twelve independent chains hide the latency of a fused multiply-add on two pipes with room to spare. */
#define CHAINS 12

static int64_t peak(int64_t rounds, float *sink) {
  vec chain[CHAINS];
  for (int i = 0; i < CHAINS; i++) {
    chain[i] = vec_set((float)i);
  }
  /* x * 0.5 + 1 stays near 2: no infinities, no denormals. The empty asm keeps the compiler from folding the loop. */
  vec half = vec_set(0.5f);
  vec one = vec_set(1.0f);
  __asm__ volatile("" ::: "memory");
  for (int64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < CHAINS; i++) {
      chain[i] = vec_fma(chain[i], half, one);
    }
  }
  float sum = 0.0f;
  for (int i = 0; i < CHAINS; i++) {
    sum += vec_sum(chain[i]);
  }
  *sink = sum;
  return rounds * CHAINS * VEC_WIDTH * 2;
}

#define TILES(code, name) TIER_NAME(name##_tiles),
#define TILE(code, name) TIER_NAME(name##_tile),

#define QUOTE_(text) #text
#define QUOTE(text) QUOTE_(text)

const panamba_kernels TIER_NAME(kernels) = {
    .name = QUOTE(TIER),
    .panel_columns = PANEL_COLUMNS,
    .vector_columns = VEC_WIDTH,
    .tiles = {PANAMBA_OPERATIONS(TILES)},
    .run_tile = {PANAMBA_OPERATIONS(TILE)},
    .peak = peak,
};
