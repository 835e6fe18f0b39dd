/* What every kernel source includes: the vectors of its tier, and the declarations of all tiers' functions under their
 * names in this one. */
#ifndef PANAMBA_TIER_H
#define PANAMBA_TIER_H

#include "kernels.h"
#include "packed_layout.h"
#include "panamba_training.h"
#include "vec.h"

#define DECLARE_OPERATION(code, name, type)          \
  int64_t TIER_NAME(name##_tiles)(const void *args); \
  void TIER_NAME(name##_tile)(const void *args, int64_t tile);
PANAMBA_CPU_OPERATIONS(DECLARE_OPERATION)

extern const panamba_kernels TIER_NAME(kernels);

#endif
