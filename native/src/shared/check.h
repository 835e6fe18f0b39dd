/* What the checks of all operations share. A check is named panamba_check_<operation>. */
#ifndef PANAMBA_CHECK_H
#define PANAMBA_CHECK_H

#include "panamba.h"
#include "status.h"

/* No buffer of a valid operation has more elements: products of two checked sizes can't overflow. */
#define MAX_SIZE ((int64_t)1 << 40)

#define REQUIRE(condition)                                                                                            \
  do {                                                                                                                \
    if (!(condition)) {                                                                                               \
      return panamba_fail(PANAMBA_INVALID_ARGUMENT, "%s: not so: %s", __func__ + sizeof "panamba_check", #condition); \
    }                                                                                                                 \
  } while (0)

static inline int is_activation(int32_t dtype) { return dtype == PANAMBA_F32 || dtype == PANAMBA_BF16; }

static inline int sized(int64_t value) { return value >= 1 && value <= MAX_SIZE; }

/* Whether a * b * c elements are few enough. */
static inline int volume(int64_t a, int64_t b, int64_t c) {
  return sized(a) && sized(b) && sized(c) && a <= MAX_SIZE / b && a * b <= MAX_SIZE / c;
}

/* Patches of an image, their strides and the places of class tokens; every token has a row of dim elements. */
#define REQUIRE_PATCHES(a, dim)                                                                        \
  do {                                                                                                 \
    REQUIRE(sized(a->stride_height) && sized(a->stride_width));                                        \
    REQUIRE(sized(a->patch_height) && a->patch_height <= a->height);                                   \
    REQUIRE(sized(a->patch_width) && a->patch_width <= a->width);                                      \
    REQUIRE(volume(a->batch, a->channels, 1) && volume(a->batch * a->channels, a->height, a->width));  \
    REQUIRE(volume(a->channels, a->patch_height, a->patch_width));                                     \
    REQUIRE(a->class_tokens >= 0 && a->class_tokens <= PANAMBA_MAX_CLASS_TOKENS);                      \
    int64_t rows = (a->height - a->patch_height) / a->stride_height + 1;                               \
    int64_t columns = (a->width - a->patch_width) / a->stride_width + 1;                               \
    int64_t length = rows * columns + a->class_tokens;                                                 \
    REQUIRE(volume(a->batch, length, dim));                                                            \
    for (int64_t i = 0; i < a->class_tokens; i++) {                                                    \
      REQUIRE(a->class_index[i] >= (i ? a->class_index[i - 1] + 1 : 0) && a->class_index[i] < length); \
    }                                                                                                  \
  } while (0)

#endif
