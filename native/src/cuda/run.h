/* What launches the kernels of an operation: panamba_launch_NAME(). Those of operations that the processor has, too, get
 * arguments that their check has passed. `workspace` has as many bytes as panamba_cuda_workspace() says. */
#ifndef PANAMBA_CUDA_RUN_H
#define PANAMBA_CUDA_RUN_H

#include "operations.h"
#include "panamba_cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PANAMBA_DECLARE_LAUNCH_(code, name, type) \
  int32_t panamba_launch_##name(const type *args, void *workspace, void *stream);
PANAMBA_CUDA_OPERATIONS(PANAMBA_DECLARE_LAUNCH_)

/* Bytes, or -1. */
int64_t panamba_scan_workspace(const panamba_cuda_scan_args *args);
int64_t panamba_cross_scan_workspace(const panamba_cross_scan_args *args);

#ifdef __cplusplus
}
#endif

#endif
