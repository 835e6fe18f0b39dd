/*
 * On x86-64, what the processor has (CPUID) and what the operating system keeps across task switches (XCR0). A tier needs
 * both: a virtual machine may show AVX-512 in CPUID and never enable its registers. On aarch64, what the operating system
 * says of both at once.
 */
#include "tier_list.h"

const char *panamba_tier_obstacle_portable(void) { return 0; }

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdint.h>

#define XCR0_YMM 0x06u
#define XCR0_ZMM 0xe6u

/* Leaf 7, sub-leaf 1, EAX: not in every cpuid.h. */
#define AVX512_BF16 (1u << 5)

typedef struct {
  uint32_t leaf1_ecx;
  uint32_t leaf7_ebx;
  uint32_t leaf7_1_eax; /* sub-leaf 1 */
  uint32_t xcr0;
} cpu_features;

static cpu_features read_features(void) {
  cpu_features features = {0, 0, 0, 0};
  uint32_t eax = 0;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) {
    features.leaf1_ecx = ecx;
  }
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    features.leaf7_ebx = ebx;
  }
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) {
    features.leaf7_1_eax = eax;
  }
  if (features.leaf1_ecx & bit_OSXSAVE) {
    __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    features.xcr0 = eax;
  }
  return features;
}

static int has(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

const char *panamba_tier_obstacle_avx2(void) {
  cpu_features features = read_features();
  if (!has(features.leaf1_ecx, bit_AVX | bit_FMA) || !has(features.leaf7_ebx, bit_AVX2)) {
    return "the processor lacks AVX2 or FMA";
  }
  if (!has(features.xcr0, XCR0_YMM)) {
    return "the operating system has not enabled AVX registers";
  }
  return 0;
}

const char *panamba_tier_obstacle_avx512(void) {
  cpu_features features = read_features();
  if (!has(features.leaf7_ebx, bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL)) {
    return "the processor lacks AVX-512 F, DQ, BW or VL";
  }
  if (!has(features.xcr0, XCR0_ZMM)) {
    return "the operating system has not enabled AVX-512 registers";
  }
  return panamba_tier_obstacle_avx2();
}

const char *panamba_tier_obstacle_avx512bf16(void) {
  if (!has(read_features().leaf7_1_eax, AVX512_BF16)) {
    return "the processor lacks AVX-512 BF16";
  }
  return panamba_tier_obstacle_avx512();
}

#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>

/* Bits of Linux's hardware capabilities (asm/hwcap.h of arm64; the second is not in every header). */
#define CAPABILITY_ASIMD (1ul << 1)
#define CAPABILITY2_BF16 (1ul << 14)

static int has_neon(void) { return (getauxval(AT_HWCAP) & CAPABILITY_ASIMD) != 0; }

static int has_bf16(void) { return (getauxval(AT_HWCAP2) & CAPABILITY2_BF16) != 0; }
#else
/* Other systems for aarch64 have Advanced SIMD always; their ways to ask for bfloat16 are not implemented. */
static int has_neon(void) { return 1; }

static int has_bf16(void) { return 0; }
#endif

const char *panamba_tier_obstacle_neon(void) { return has_neon() ? 0 : "the processor lacks Advanced SIMD (NEON)"; }

const char *panamba_tier_obstacle_neonbf16(void) {
  return has_bf16() ? panamba_tier_obstacle_neon() : "the processor lacks the instructions for bfloat16 (BF16)";
}
#endif
