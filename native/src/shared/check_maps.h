/* The checks of maps that are made of others, and of their gradients. */
#ifndef PANAMBA_CHECK_MAPS_H
#define PANAMBA_CHECK_MAPS_H

#include "check.h"

/* Products of two sides of maps are formed, and have to fit. */
#define MAX_MAP_SIDE ((int64_t)1 << 30)

static inline int is_map_side(int64_t side) { return side >= 1 && side <= MAX_MAP_SIDE; }

/* A map and another one made of it. */
#define REQUIRE_MAPS(a)                                                                              \
  do {                                                                                               \
    REQUIRE(is_map_side(a->height) && is_map_side(a->width) && is_map_side(a->out_height) &&         \
            is_map_side(a->out_width));                                                              \
    REQUIRE(volume(a->batch, a->height, a->width) && volume(a->batch, a->out_height, a->out_width)); \
    REQUIRE(volume(a->batch * a->height, a->width, a->channels));                                    \
    REQUIRE(volume(a->batch * a->out_height, a->out_width, a->channels));                            \
  } while (0)

/* Pixels that have `elements` elements and are `stride` apart. */
#define REQUIRE_PIXELS(a, rows, columns, elements, stride) \
  REQUIRE((stride) >= (elements) && volume(a->batch * (rows), columns, stride))

/* Windows of a maximum, or as many as there are of a mean. */
#define REQUIRE_WINDOWS(a)                                                 \
  do {                                                                     \
    REQUIRE(a->kind == PANAMBA_POOL_MEAN || a->kind == PANAMBA_POOL_MAX);  \
    if (a->kind == PANAMBA_POOL_MEAN) {                                    \
      REQUIRE(a->window == 0 && a->stride == 0);                           \
    } else {                                                               \
      REQUIRE(is_map_side(a->window) && is_map_side(a->stride));           \
      REQUIRE(reaches(a->height, 0, a->window, a->stride, a->out_height)); \
      REQUIRE(reaches(a->width, 0, a->window, a->stride, a->out_width));   \
    }                                                                      \
  } while (0)

#endif
