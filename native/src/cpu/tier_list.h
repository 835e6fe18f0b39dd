/* The instruction-set tiers compiled into the library, fastest first. X(tier) */
#ifndef PANAMBA_TIER_LIST_H
#define PANAMBA_TIER_LIST_H

#if defined(__x86_64__)
#define PANAMBA_TIERS(X) X(avx512bf16) X(avx512) X(avx2) X(portable)
#elif defined(__aarch64__)
#define PANAMBA_TIERS(X) X(neonbf16) X(neon) X(portable)
#else
#define PANAMBA_TIERS(X) X(portable)
#endif

/* Why a tier can't run here, or null if it can. A static string. */
const char *panamba_tier_obstacle_avx512bf16(void);
const char *panamba_tier_obstacle_avx512(void);
const char *panamba_tier_obstacle_avx2(void);
const char *panamba_tier_obstacle_neonbf16(void);
const char *panamba_tier_obstacle_neon(void);
const char *panamba_tier_obstacle_portable(void);

#endif
