/* Where the pixels of a resized axis come from. */
#ifndef PANAMBA_RESIZE_PLACES_H
#define PANAMBA_RESIZE_PLACES_H

#include <stdint.h>

/* Of one axis. */
typedef struct {
  double step; /* from one pixel to the next, in pixels of the source */
  double first;
  int64_t last; /* the last pixel of the source */
} resize_axis;

/* Two pixels of the source, and their shares, each rounded once. */
typedef struct {
  int64_t low;
  int64_t high;
  float of_low;
  float of_high;
} resize_place;

static inline resize_axis axis_of(int64_t size, int64_t out_size, int32_t corners) {
  resize_axis axis = {.last = size - 1};
  if (corners) {
    axis.step = out_size > 1 ? (double)(size - 1) / (double)(out_size - 1) : 0;
  } else {
    axis.step = (double)size / (double)out_size;
    axis.first = axis.step / 2 - 0.5;
  }
  return axis;
}

static inline resize_place place_of(const resize_axis *axis, int64_t i) {
  double position = axis->first + (double)i * axis->step;
  position = position > 0 ? position : 0;
  resize_place place = {.low = (int64_t)position};
  place.low = place.low < axis->last ? place.low : axis->last;
  place.high = place.low < axis->last ? place.low + 1 : place.low;
  double share = place.high > place.low ? position - (double)place.low : 0;
  place.of_low = (float)(1 - share);
  place.of_high = (float)share;
  return place;
}

#endif
