/* The table of one tier's kernels, and the measurement of its peak. */
#include "tier.h"

#include "microkernel.h"

/* Twelve independent chains hide the latency of a fused multiply-add on two pipes, 24 on the four that processors of
 * aarch64 may have. */
#if defined(__aarch64__)
#define CHAINS 24
#else
#define CHAINS 12
#endif

static int64_t finish_peak(const vec *chain, int64_t flops, float *sink) {
  float sum = 0.0f;
  for (int i = 0; i < CHAINS; i++) {
    sum += vec_sum(chain[i]);
  }
  *sink = sum;
  return flops;
}

static int64_t peak_f32(int64_t rounds, float *sink) {
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
  return finish_peak(chain, rounds * CHAINS * VEC_WIDTH * 2, sink);
}

static int64_t peak_bf16(int64_t rounds, float *sink) {
  vec chain[CHAINS];
  for (int i = 0; i < CHAINS; i++) {
    chain[i] = vec_set((float)i);
  }
  /* Products that cancel: the sums stay where they are. A compiler that knew the numbers would see that, and leave the
   * loop out. */
  bf16 plus_minus[2] = {bf16_of(0.5f), bf16_of(-0.5f)};
  __asm__ volatile("" : "+m"(plus_minus));
  pair a = pair_load(plus_minus);
  pairs b = pairs_of(vec_set(0.5f), vec_set(0.5f));
  for (int64_t round = 0; round < rounds; round++) {
    for (int i = 0; i < CHAINS; i++) {
      chain[i] = vec_dot_one(chain[i], a, b);
    }
  }
  return finish_peak(chain, rounds * CHAINS * VEC_WIDTH * 4, sink);
}

static int64_t peak(int32_t dtype, int64_t rounds, float *sink) {
  return dtype == PANAMBA_F32 ? peak_f32(rounds, sink) : peak_bf16(rounds, sink);
}

#define TILES(code, name, type) [PANAMBA_##code] = TIER_NAME(name##_tiles),
#define TILE(code, name, type) [PANAMBA_##code] = TIER_NAME(name##_tile),

#define QUOTE_(text) #text
#define QUOTE(text) QUOTE_(text)

const panamba_kernels TIER_NAME(kernels) = {
    .name = QUOTE(TIER),
    .panel_columns = PANEL_COLUMNS,
    .vector_columns = VEC_WIDTH,
    .tiles = {PANAMBA_CPU_OPERATIONS(TILES)},
    .run_tile = {PANAMBA_CPU_OPERATIONS(TILE)},
    .peak = peak,
};
