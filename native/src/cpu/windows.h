/* The windows of a pooled map, along one axis. */
#ifndef PANAMBA_WINDOWS_H
#define PANAMBA_WINDOWS_H

#include "panamba.h"

/* The pixels from `from` up to, without, `to`. */
typedef struct {
  int64_t from;
  int64_t to;
} window_range;

/* Adaptive windows have a `window` of 0. Sizes are at most 2^40 and are cut so that no product overflows (check_maps.c). */
static inline window_range window_of(int64_t k, int64_t size, int64_t out_size, int64_t window, int64_t stride) {
  if (window) {
    return (window_range){k * stride, k * stride + window};
  }
  return (window_range){k * size / out_size, ((k + 1) * size + out_size - 1) / out_size};
}

/* The windows that may have a pixel. */
static inline window_range windows_with(int64_t pixel, int64_t size, int64_t out_size, int64_t window, int64_t stride) {
  int64_t from = window ? (pixel - window + stride) / stride : pixel * out_size / size - 1;
  int64_t to = window ? pixel / stride + 1 : (pixel + 1) * out_size / size + 2;
  return (window_range){from < 0 ? 0 : from, to < out_size ? to : out_size};
}

#endif
