/* The check of one step: its operation, its arguments and the number of tiles. */
#include "check_arguments.h"
#include "kernels.h"
#include "status.h"

#define SAME_CODE(code, name, type)                                   \
  _Static_assert((int)PANAMBA_##code == (int)PANAMBA_POSITION_##code, \
                 "panamba.h and operations.h disagree "               \
                 "on " #code);
PANAMBA_CPU_OPERATIONS(SAME_CODE)

/* Without a default: the compiler finds a code of panamba.h that operations.h lacks. */
static int32_t check_arguments(enum panamba_operation operation, const void *args) {
  switch (operation) {
#define CASE(code, name, type) \
  case PANAMBA_##code: return panamba_check_##name(args);
    PANAMBA_CPU_OPERATIONS(CASE)
  }
  return panamba_fail(PANAMBA_INVALID_ARGUMENT, "there is no operation %d", (int)operation);
}

int32_t panamba_check(int32_t operation, const void *args) {
  if (!args) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "the arguments of a step are null");
  }
  if (operation < 0 || operation >= PANAMBA_OPERATION_COUNT) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "there is no operation %d", operation);
  }
  int32_t status = check_arguments((enum panamba_operation)operation, args);
  if (status == PANAMBA_OK && panamba_current_kernels()->tiles[operation](args) > PANAMBA_MAX_TILES) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "operation %d is too large for one call", operation);
  }
  return status;
}
