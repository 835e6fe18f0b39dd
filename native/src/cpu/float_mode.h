/*
 * The floating-point environment of the kernels: round to nearest, no traps, denormals count as zero. A state that
 * decays towards zero would otherwise spend its last steps among denormals, which cost some processors a hundred times
 * a normal operation.
 */
#ifndef PANAMBA_FLOAT_MODE_H
#define PANAMBA_FLOAT_MODE_H

#if defined(__x86_64__)
#include <xmmintrin.h>

typedef unsigned float_mode;

/* Masked exceptions (0x1f80), denormals are zero (0x0040), flush to zero (0x8000). */
static inline float_mode enter_float_mode(void) {
  float_mode mode = _mm_getcsr();
  _mm_setcsr(0x9fc0);
  return mode;
}

static inline void leave_float_mode(float_mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
#include <stdint.h>

typedef uint64_t float_mode;

/* Of FPCR, flush to zero (bit 24) alone: no traps, to nearest, NaNs kept, and bfloat16 as every processor has it. */
static inline float_mode enter_float_mode(void) {
  float_mode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)1 << 24) : "memory");
  return mode;
}

static inline void leave_float_mode(float_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory"); }
#else
typedef int float_mode;

static inline float_mode enter_float_mode(void) { return 0; }

static inline void leave_float_mode(float_mode mode) { (void)mode; }
#endif

#endif
