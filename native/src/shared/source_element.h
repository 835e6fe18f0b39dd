/* Numbers of a checkpoint, of any element type. */
#ifndef PANAMBA_SOURCE_ELEMENT_H
#define PANAMBA_SOURCE_ELEMENT_H

#include <stdint.h>
#include <string.h>

#include "bf16.h"
#include "panamba.h"

/* IEEE binary16 to binary32, exactly. */
static inline float from_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  uint32_t magnitude = half & 0x7fffu;
  uint32_t bits;
  if (magnitude >= 0x7c00u) {
    bits = 0x7f800000u | (magnitude & 0x3ffu) << 13;
  } else if (magnitude >= 0x400u) {
    bits = (magnitude << 13) + ((127u - 15u) << 23);
  } else {
    float value = (float)magnitude * 0x1p-24f;
    memcpy(&bits, &value, sizeof bits);
  }
  bits |= sign;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Sources may be unaligned: checkpoints guarantee no alignment. */
static inline float source_element(const char *source, int64_t index, int32_t dtype) {
  switch (dtype) {
    case PANAMBA_F64: {
      double value;
      memcpy(&value, source + index * 8, sizeof value);
      return (float)value;
    }
    case PANAMBA_F16: {
      uint16_t value;
      memcpy(&value, source + index * 2, sizeof value);
      return from_half(value);
    }
    case PANAMBA_BF16: {
      bf16 value;
      memcpy(&value, source + index * 2, sizeof value);
      return bf16_to_float(value);
    }
    default: {
      float value;
      memcpy(&value, source + index * 4, sizeof value);
      return value;
    }
  }
}

#endif
