/* What the library asks of the CUDA runtime: loading its kernels, errors, the current device. */
#include <stdio.h>

#include "launch.h"

namespace panamba {

static const known_kernel *kernels;
static thread_local int32_t last_error;

known_kernel::known_kernel(const void *kernel) : function(kernel), next(kernels) { kernels = this; }

int32_t check_cuda(cudaError_t error, const char *operation, const char *shapes) {
  if (error == cudaSuccess) {
    return PANAMBA_OK;
  }
  /* Cleared, so that the caller's next call does not report it again. An error that lasts can't be cleared. */
  cudaGetLastError();
  last_error = static_cast<int32_t>(error);
  return panamba_fail(PANAMBA_CUDA_ERROR, "%s: %s: %s%s%s", operation, cudaGetErrorName(error),
                      cudaGetErrorString(error), *shapes ? ": " : "", shapes);
}

int32_t count_multiprocessors(int *count) {
  int device = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(count, cudaDevAttrMultiProcessorCount, device);
  }
  return check_cuda(error, "the current device", "");
}

}  // namespace panamba

using namespace panamba;

int32_t panamba_cuda_last_error(void) { return last_error; }

int32_t panamba_cuda_device_name(int32_t ordinal, char *name, int64_t bytes) {
  if (!name || bytes <= 0) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "a GPU's name: no room for it");
  }
  cudaDeviceProp properties;
  int32_t status = check_cuda(cudaGetDeviceProperties(&properties, ordinal), "a GPU's name", "");
  if (status == PANAMBA_OK) {
    snprintf(name, static_cast<size_t>(bytes), "%s", properties.name);
  }
  return status;
}

int32_t panamba_cuda_load(void) {
  for (const known_kernel *kernel = kernels; kernel; kernel = kernel->next) {
    cudaFuncAttributes attributes;
    cudaError_t error = cudaFuncGetAttributes(&attributes, kernel->function);
    if (error == cudaErrorNoKernelImageForDevice) {
      cudaGetLastError();
      return panamba_fail(PANAMBA_UNSUPPORTED,
                          "this library has no code for the current device: it needs compute capability 8.0 or newer");
    }
    if (error != cudaSuccess) {
      return check_cuda(error, "loading the kernels", "");
    }
  }
  return PANAMBA_OK;
}
