/* What needs no GPU: versions, messages and the packing of weights. */
#include <stdarg.h>
#include <stdio.h>

#include "panamba_cuda.h"
#include "source_element.h"
#include "status.h"

static _Thread_local char message[512];

int32_t panamba_fail(int32_t status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return status;
}

const char *panamba_cuda_message(void) { return message; }

int32_t panamba_cuda_abi_version(void) { return PANAMBA_CUDA_ABI_VERSION; }

const char *panamba_cuda_build_description(void) { return PANAMBA_CUDA_DESCRIPTION; }

int64_t panamba_cuda_packed_depth(int64_t depth, int32_t dtype) {
  int64_t unit = dtype == PANAMBA_F32 ? 4 : 8;
  return (depth + unit - 1) / unit * unit;
}

int64_t panamba_cuda_packed_size(int64_t columns, int64_t depth, int32_t dtype) {
  if (columns <= 0 || depth <= 0 || depth > INT64_MAX / 16 / columns ||
      (dtype != PANAMBA_F32 && dtype != PANAMBA_BF16)) {
    return -1;
  }
  return columns * panamba_cuda_packed_depth(depth, dtype) * (dtype == PANAMBA_F32 ? 4 : 2);
}

int32_t panamba_cuda_pack(const panamba_pack_args *a, const void *keep0, const void *keep1) {
  (void)keep0, (void)keep1;
  if (!a || !a->source || !a->packed) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "pack: a pointer is null");
  }
  if (panamba_cuda_packed_size(a->columns, a->depth, a->dtype) < 0) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "pack: a matrix of (%lld, %lld) with element type %d can't be packed",
                        (long long)a->columns, (long long)a->depth, a->dtype);
  }
  if (a->source_dtype < PANAMBA_F32 || a->source_dtype > PANAMBA_F64) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "pack: there is no element type %d", a->source_dtype);
  }
  int64_t row = panamba_cuda_packed_depth(a->depth, a->dtype);
  for (int64_t n = 0; n < a->columns; n++) {
    float scale = a->row_scale ? a->row_scale[n] : 1.0f;
    for (int64_t k = 0; k < row; k++) {
      int64_t place = n * a->column_stride + k * a->depth_stride;
      float value = k < a->depth ? scale * source_element(a->source, place, a->source_dtype) : 0.0f;
      if (a->dtype == PANAMBA_F32) {
        ((float *)a->packed)[n * row + k] = value;
      } else {
        ((bf16 *)a->packed)[n * row + k] = bf16_of(value);
      }
    }
  }
  return PANAMBA_OK;
}
