/* Where a window goes over an image: the arithmetic of convolutions and of patches. */
#ifndef PANAMBA_PLACES_H
#define PANAMBA_PLACES_H

#include <stdint.h>

/* How many places a window has along a side with `padding` zeros at both ends. It fits at least once. */
static inline int64_t places_along(int64_t side, int64_t padding, int64_t window, int64_t stride) {
  return (side + 2 * padding - window) / stride + 1;
}

#endif
