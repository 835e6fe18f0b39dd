/* Errors of the CUDA runtime: on a machine without a device every launch has one. With a device, all kernels load. */
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "panamba_cuda.h"

static void check_failure(const char *what, int32_t status) {
  CHECK(status == PANAMBA_CUDA_ERROR, "%s: status %d", what, status);
  CHECK(panamba_cuda_last_error() != cudaSuccess, "%s: no code", what);
  CHECK(strstr(panamba_cuda_message(), what), "%s is not named in '%s'", what, panamba_cuda_message());
  CHECK(strstr(panamba_cuda_message(), cudaGetErrorName((cudaError_t)panamba_cuda_last_error())),
        "the error is not named in '%s'", panamba_cuda_message());
}

static void without_device(void) {
  describe("without a device");
  check_failure("loading the kernels", panamba_cuda_load());
  float n[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  panamba_norm_args norm = {.residual = n, .weight = n, .out = n + 4, .rows = 1, .dim = 4, .residual_row_stride = 4};
  panamba_step step = {&norm, PANAMBA_NORM, 0};
  check_failure("norm", panamba_cuda_run(&step, 0, 0));
  CHECK(strstr(panamba_cuda_message(), "rows 1, dim 4"), "no shapes in '%s'", panamba_cuda_message());
  panamba_rotary_args rotary = {
      .x = n, .cos = n, .sin = n, .out = n, .batch = 1, .length = 1, .dim = 2, .positions = 1};
  step = (panamba_step){&rotary, PANAMBA_ROTARY, 0};
  check_failure("rotary", panamba_cuda_run(&step, 0, 0));
  printf("%s\n", panamba_cuda_message());
}

int main(void) {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    cudaGetLastError();
    without_device();
  } else {
    describe("with a device");
    CHECK(panamba_cuda_load() == PANAMBA_OK, "%s", panamba_cuda_message());
  }
  return exit_code();
}
