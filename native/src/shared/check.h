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

#endif
