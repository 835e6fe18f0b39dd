/* What the checks of all operations share. */
#ifndef PANAMBA_CHECK_H
#define PANAMBA_CHECK_H

#include "kernels.h"
#include "packed.h"
#include "status.h"

/* No buffer of a valid operation has more elements: products of two checked sizes can't overflow. */
#define MAX_SIZE ((int64_t)1 << 40)

#define REQUIRE(condition)                                                                       \
  do {                                                                                           \
    if (!(condition)) {                                                                          \
      return panamba_fail(PANAMBA_INVALID_ARGUMENT, "%s: not so: %s", __func__ + 6, #condition); \
    }                                                                                            \
  } while (0)

static inline int is_activation(int32_t dtype) { return dtype == PANAMBA_F32 || dtype == PANAMBA_BF16; }

static inline int sized(int64_t value) { return value >= 1 && value <= MAX_SIZE; }

/* Whether a * b * c elements are few enough. */
static inline int volume(int64_t a, int64_t b, int64_t c) {
  return sized(a) && sized(b) && sized(c) && a <= MAX_SIZE / b && a * b <= MAX_SIZE / c;
}

/* The checks of panamba_training.h; panamba_check_pack() is in packed.h. */
#define PANAMBA_CHECKED_IN_TRAINING(X) \
  X(product)                           \
  X(sum)                               \
  X(pointwise)                         \
  X(scan_gradient)                     \
  X(conv_gradient)                     \
  X(norm_gradient)                     \
  X(pool_gradient)                     \
  X(patches)                           \
  X(cross_entropy)                     \
  X(squares)                           \
  X(clip)                              \
  X(adamw)

#define DECLARE_CHECK(name) int32_t check_##name(const panamba_##name##_args *args);
PANAMBA_CHECKED_IN_TRAINING(DECLARE_CHECK)

#endif
