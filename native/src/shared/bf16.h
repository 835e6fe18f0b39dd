/* bfloat16, the upper half of a float32, one number at a time. */
#ifndef PANAMBA_BF16_H
#define PANAMBA_BF16_H

#include <stdint.h>
#include <string.h>

typedef uint16_t bf16;

static inline float bf16_to_float(bf16 value) {
  uint32_t bits = (uint32_t)value << 16;
  float widened;
  memcpy(&widened, &bits, sizeof widened);
  return widened;
}

/* To nearest, ties to even; NaN stays NaN. */
static inline bf16 bf16_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) {
    return (bf16)(bits >> 16 | 0x40u);
  }
  return (bf16)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

#endif
