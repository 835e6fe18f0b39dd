/* What the checks of all operations share. A check is named panamba_check_<operation>. */
#ifndef PANAMBA_CHECK_H
#define PANAMBA_CHECK_H

#include "panamba.h"
#include "places.h"
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

static inline int is_function(int32_t activation) {
  return activation >= PANAMBA_ACTIVATION_NONE && activation <= PANAMBA_ACTIVATION_RELU;
}

static inline int sized(int64_t value) { return value >= 1 && value <= MAX_SIZE; }

/* Whether a * b * c elements are few enough. */
static inline int volume(int64_t a, int64_t b, int64_t c) {
  return sized(a) && sized(b) && sized(c) && a <= MAX_SIZE / b && a * b <= MAX_SIZE / c;
}

static inline int is_depthwise_side(int32_t side) {
  return side == 3 || side == 5 || side == PANAMBA_MAX_DEPTHWISE_SIDE;
}

/* Whether a kernel fits on a side and makes `out` places of it. */
static inline int reaches(int64_t side, int64_t padding, int64_t kernel, int64_t stride, int64_t out) {
  return kernel <= side + 2 * padding && out == places_along(side, padding, kernel, stride);
}

/* The kernel of a 2-D convolution. */
#define REQUIRE_KERNEL(a)                                                        \
  do {                                                                           \
    REQUIRE(a->kernel_height >= 1 && a->kernel_height <= PANAMBA_MAX_CONV_SIDE); \
    REQUIRE(a->kernel_width >= 1 && a->kernel_width <= PANAMBA_MAX_CONV_SIDE);   \
    REQUIRE(a->stride >= 1 && a->stride <= PANAMBA_MAX_CONV_SIDE);               \
    REQUIRE(a->padding >= 0 && a->padding < a->kernel_height);                   \
    REQUIRE(a->padding < a->kernel_width);                                       \
    REQUIRE(a->channels >= 1 && a->channels <= PANAMBA_MAX_CONV_CHANNELS);       \
    REQUIRE(sized(a->columns) && sized(a->height) && sized(a->width));           \
  } while (0)

/* Patches of an image, their strides and the places of class tokens; every token has a row of dim elements. */
#define REQUIRE_PATCHES(a, pad, dim)                                                                   \
  do {                                                                                                 \
    REQUIRE(sized(a->height) && sized(a->width));                                                      \
    REQUIRE((pad) >= 0 && (pad) < a->patch_height && (pad) < a->patch_width);                          \
    REQUIRE(sized(a->stride_height) && sized(a->stride_width));                                        \
    REQUIRE(sized(a->patch_height) && a->patch_height <= a->height + 2 * (pad));                       \
    REQUIRE(sized(a->patch_width) && a->patch_width <= a->width + 2 * (pad));                          \
    REQUIRE(volume(a->batch, a->channels, 1) && volume(a->batch * a->channels, a->height, a->width));  \
    REQUIRE(volume(a->channels, a->patch_height, a->patch_width));                                     \
    REQUIRE(a->class_tokens >= 0 && a->class_tokens <= PANAMBA_MAX_CLASS_TOKENS);                      \
    int64_t rows = places_along(a->height, pad, a->patch_height, a->stride_height);                    \
    int64_t columns = places_along(a->width, pad, a->patch_width, a->stride_width);                    \
    int64_t length = rows * columns + a->class_tokens;                                                 \
    REQUIRE(volume(a->batch, length, dim));                                                            \
    for (int64_t i = 0; i < a->class_tokens; i++) {                                                    \
      REQUIRE(a->class_index[i] >= (i ? a->class_index[i - 1] + 1 : 0) && a->class_index[i] < length); \
    }                                                                                                  \
  } while (0)

#endif
