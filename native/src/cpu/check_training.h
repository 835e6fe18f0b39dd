/* The checks of panamba_training.h's operations; panamba_check_pack() is in packed.h. */
#ifndef PANAMBA_CHECK_TRAINING_H
#define PANAMBA_CHECK_TRAINING_H

#include "panamba_training.h"

#define PANAMBA_CHECKED_IN_TRAINING(X) \
  X(product)                           \
  X(sum)                               \
  X(pointwise)                         \
  X(activation_gradient)               \
  X(attention_gradient)                \
  X(scan_gradient)                     \
  X(conv_gradient)                     \
  X(norm_gradient)                     \
  X(pool_gradient)                     \
  X(patches)                           \
  X(cross_entropy)                     \
  X(squares)                           \
  X(clip)                              \
  X(adamw)

#define DECLARE_CHECK(name) int32_t panamba_check_##name(const panamba_##name##_args *args);
PANAMBA_CHECKED_IN_TRAINING(DECLARE_CHECK)

#endif
