#include "element.h"

#include <math.h>
#include <string.h>

#include "harness.h"

int32_t draw_dtype(void) { return draw(2) ? PANAMBA_BF16 : PANAMBA_F32; }

int64_t bytes_of(int32_t dtype) { return dtype == PANAMBA_F64 ? 8 : dtype == PANAMBA_F32 ? 4 : 2; }

static double decode_bfloat(uint16_t bits) {
  int exponent = bits >> 7 & 255;
  int fraction = bits & 127;
  double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 255) {
    return fraction ? NAN : sign * INFINITY;
  }
  return exponent ? sign * ldexp(128 + fraction, exponent - 134) : sign * ldexp(fraction, -133);
}

double value_of_bfloat(uint16_t bits) {
  static double values[65536];
  static int known;
  for (int32_t i = 0; i < 65536 && !known; i++) {
    values[i] = decode_bfloat((uint16_t)i);
  }
  known = 1;
  return values[bits];
}

uint16_t bfloat_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t kept = bits >> 16;
  uint32_t rest = bits & 0xffff;
  if (isnan(value)) {
    return (uint16_t)(kept | 0x40);
  }
  int up = rest > 0x8000 || (rest == 0x8000 && kept % 2 == 1);
  return (uint16_t)(kept + (up ? 1 : 0));
}

double rounded(int32_t dtype, float value) {
  return dtype == PANAMBA_F32 ? (double)value : value_of_bfloat(bfloat_of(value));
}

void *place_of(const void *base, int32_t dtype, int64_t index) { return (char *)base + index * bytes_of(dtype); }

double element(const void *base, int32_t dtype, int64_t index) {
  return dtype == PANAMBA_F32 ? (double)((const float *)base)[index] : value_of_bfloat(((const uint16_t *)base)[index]);
}

void set_element(void *base, int32_t dtype, int64_t index, float value) {
  if (dtype == PANAMBA_F32) {
    ((float *)base)[index] = value;
  } else {
    ((uint16_t *)base)[index] = bfloat_of(value);
  }
}

void fill_elements(void *base, int32_t dtype, int64_t index, int64_t count, double low, double high) {
  for (int64_t i = index; i < index + count; i++) {
    set_element(base, dtype, i, draw_between(low, high));
  }
}

void check_element(const char *what, const void *base, int32_t dtype, int64_t index, double wanted, double allowed) {
  double got = element(base, dtype, index);
  if (dtype == PANAMBA_F32 || isnan(wanted) || isinf(wanted)) {
    check_close(what, index, got, wanted, allowed);
    return;
  }
  double low = rounded(dtype, (float)(wanted - allowed));
  double high = rounded(dtype, (float)(wanted + allowed));
  CHECK(got >= low && got <= high, "%s[%lld] is %a, and not %.9g +- %.3g rounded, which is from %a to %a", what,
        (long long)index, got, wanted, allowed, low, high);
}

void check_same_elements(const char *what, int32_t dtype, const void *got, const void *wanted, int64_t count) {
  size_t size = (size_t)bytes_of(dtype);
  if (memcmp(got, wanted, size * (size_t)count) == 0) {
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    if (memcmp(place_of(got, dtype, i), place_of(wanted, dtype, i), size) != 0) {
      double is = element(got, dtype, i);
      double should = element(wanted, dtype, i);
      failed(__FILE__, __LINE__, "%s[%lld] is %.9g (%a), not %.9g (%a) to the bit", what, (long long)i, is, is, should,
             should);
      return;
    }
  }
}

void check_same_bits(const char *what, const float *got, const float *wanted, int64_t count) {
  check_same_elements(what, PANAMBA_F32, got, wanted, count);
}
