/* Elements of activations: float32 and bfloat16, one at a time and a few neighbours at once. */
#ifndef PANAMBA_CUDA_ELEMENT_H
#define PANAMBA_CUDA_ELEMENT_H

#include <stdint.h>

#include "arithmetic.h"
#include "bf16.h"
#include "panamba_cuda.h"

namespace panamba {

struct bfloat {
  uint16_t bits;
};

PANAMBA_HD float widen(float value) { return value; }

PANAMBA_HD float widen(bfloat value) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(static_cast<uint32_t>(value.bits) << 16);
#else
  return bf16_to_float(value.bits);
#endif
}

/* An element that waits in a register of its own to be widened. */
template <class Element>
struct raw_type;

template <>
struct raw_type<float> {
  using type = float;
};

template <>
struct raw_type<bfloat> {
  using type = uint32_t;
};

template <class Element>
using raw_of = typename raw_type<Element>::type;

PANAMBA_HD float load_raw(const float *from) { return *from; }

PANAMBA_HD uint32_t load_raw(const bfloat *from) { return from->bits; }

template <class Element>
PANAMBA_HD float widen_raw(raw_of<Element> raw);

template <>
PANAMBA_HD float widen_raw<float>(float raw) {
  return raw;
}

template <>
PANAMBA_HD float widen_raw<bfloat>(uint32_t raw) {
  return widen(bfloat{static_cast<uint16_t>(raw)});
}

PANAMBA_HD void narrow(float value, float *to) { *to = value; }

/* To nearest, ties to even. */
PANAMBA_HD void narrow(float value, bfloat *to) {
#if defined(__CUDA_ARCH__)
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to->bits) : "f"(value));
#else
  to->bits = bf16_of(value);
#endif
}

/* To the precision of an element and back. */
template <class Element>
PANAMBA_HD float rounded(float value) {
  Element element;
  narrow(value, &element);
  return widen(element);
}

/* `Width` neighbours in memory, read and written at once. */
template <class Element, int Width>
struct alignas(sizeof(Element) * Width) pack {
  Element element[Width];
};

template <class Element, int Width>
PANAMBA_HD pack<Element, Width> load(const Element *from) {
  return *reinterpret_cast<const pack<Element, Width> *>(from);
}

template <int Width>
PANAMBA_HD void widen_all(const pack<float, Width> &from, float (&to)[Width]) {
  PANAMBA_UNROLL
  for (int i = 0; i < Width; i++) {
    to[i] = from.element[i];
  }
}

template <int Width>
PANAMBA_HD void widen_all(const pack<bfloat, Width> &from, float (&to)[Width]) {
  PANAMBA_UNROLL
  for (int i = 0; i < Width; i++) {
    to[i] = widen(from.element[i]);
  }
}

template <class Element, int Width>
PANAMBA_HD void load_wide(const Element *from, float (&to)[Width]) {
  widen_all<Width>(load<Element, Width>(from), to);
}

template <class Element, int Width>
PANAMBA_HD void store_narrow(const float (&from)[Width], Element *to) {
  pack<Element, Width> values;
  PANAMBA_UNROLL
  for (int i = 0; i < Width; i++) {
    narrow(from[i], &values.element[i]);
  }
  *reinterpret_cast<pack<Element, Width> *>(to) = values;
}

/* Whether packs of `bytes` bytes can be read at `pointer` and at strides of `stride` elements of `size` bytes. Null
 * fits. */
inline bool fits(const void *pointer, int64_t stride, int64_t size, int64_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % static_cast<uintptr_t>(bytes) == 0 && stride * size % bytes == 0;
}

}  // namespace panamba

#endif
