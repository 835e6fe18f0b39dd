/* From the code of a step to the kernels of its operation. */
#include "run.h"

#include "check_arguments.h"
#include "status.h"

static int32_t refuse_code(int32_t operation) {
  return panamba_fail(PANAMBA_INVALID_ARGUMENT, "run: there is no operation %d on a GPU", operation);
}

static int32_t check_step(const panamba_step *step) {
  return step && step->args ? PANAMBA_OK
                            : panamba_fail(PANAMBA_INVALID_ARGUMENT, "run: the step or its arguments are null");
}

#define CHECK_AND_LAUNCH(code, name, type)                     \
  case PANAMBA_##code: {                                       \
    const type *args = step->args;                             \
    status = panamba_check_##name(args);                       \
    if (status == PANAMBA_OK) {                                \
      status = panamba_launch_##name(args, workspace, stream); \
    }                                                          \
    return status;                                             \
  }

#define LAUNCH(code, name, type) \
  case PANAMBA_##code: return panamba_launch_##name(step->args, workspace, stream);

int32_t panamba_cuda_run(const panamba_step *step, void *workspace, void *stream) {
  int32_t status = check_step(step);
  if (status != PANAMBA_OK) {
    return status;
  }
  switch (step->operation) {
    PANAMBA_OPERATIONS(PANAMBA_NOT_HERE, CHECK_AND_LAUNCH, PANAMBA_NOT_HERE, LAUNCH)
    default: return refuse_code(step->operation);
  }
}

int64_t panamba_cuda_workspace(const panamba_step *step) {
  if (check_step(step) != PANAMBA_OK) {
    return -1;
  }
  if (step->operation == PANAMBA_CUDA_SCAN) {
    return panamba_scan_workspace(step->args);
  }
  if (step->operation == PANAMBA_CROSS_SCAN) {
    return panamba_cross_scan_workspace(step->args);
  }
  switch (step->operation) {
#define NO_WORKSPACE(code, name, type) case PANAMBA_##code:
    PANAMBA_CUDA_OPERATIONS(NO_WORKSPACE)
    return 0;
    default: refuse_code(step->operation); return -1;
  }
}
