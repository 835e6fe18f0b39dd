/* The check of one step: its operation, its arguments and the number of tiles. */
#include "check_arguments.h"
#include "check_training.h"
#include "kernels.h"
#include "packed_layout.h"
#include "status.h"

int32_t panamba_check(int32_t operation, const void *args) {
  if (!args) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "the arguments of a step are null");
  }
  int32_t status;
  switch (operation) {
#define CASE(code, name) \
  case PANAMBA_##code: status = panamba_check_##name(args); break;
    PANAMBA_OPERATIONS(CASE)
    default: return panamba_fail(PANAMBA_INVALID_ARGUMENT, "there is no operation %d", operation);
  }
  if (status == PANAMBA_OK && panamba_current_kernels()->tiles[operation](args) > PANAMBA_MAX_TILES) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "operation %d is too large for one call", operation);
  }
  return status;
}
