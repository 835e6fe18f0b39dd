/* Packing of weights: done once per matrix, from the bytes of a checkpoint to the layout of packed.h. */
#include "packed.h"

#include "bf16.h"
#include "kernels.h"
#include "source_element.h"
#include "status.h"

/* Rows of a panel that are transposed at a time: 64 rows of 48 floats stay in the first-level cache. */
#define PACK_DEPTH 64

/* Rows [from, to) of the panel whose first column is `first`; `valid` of its `width` columns exist. */
static void pack_block(const panamba_pack_args *a, int64_t first, int64_t valid, int64_t width, int64_t from,
                       int64_t to, void *panel) {
  for (int64_t n = 0; n < width; n++) {
    float scale = a->row_scale && n < valid ? a->row_scale[first + n] : 1.0f;
    int64_t column = (first + n) * a->column_stride;
    for (int64_t k = from; k < to; k++) {
      float value = 0.0f;
      if (n < valid && k < a->depth) {
        value = scale * source_element(a->source, column + k * a->depth_stride, a->source_dtype);
      }
      if (a->dtype == PANAMBA_F32) {
        ((float *)panel)[k * width + n] = value;
      } else {
        ((bf16 *)panel)[(k / 2 * width + n) * 2 + k % 2] = bf16_of(value);
      }
    }
  }
}

int64_t panamba_packed_size(int64_t columns, int64_t depth, int32_t dtype) {
  const int64_t limit = INT64_MAX / 8;
  if (columns <= 0 || depth <= 0 || depth == INT64_MAX || columns > limit / PANAMBA_ALIGNMENT ||
      (dtype != PANAMBA_F32 && dtype != PANAMBA_BF16)) {
    return -1;
  }
  int32_t unit = panamba_current_kernels()->vector_columns;
  int64_t padded = ceil_div(columns, unit) * unit;
  int64_t deep = packed_depth(depth, dtype);
  return deep > limit / padded ? -1 : padded * deep * element_size(dtype);
}

int32_t panamba_pack(const panamba_pack_args *a, const void *keep0, const void *keep1, const void *keep2) {
  (void)keep0, (void)keep1, (void)keep2;
  if (!a || !a->source || !a->packed) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "pack: a pointer is null");
  }
  if (panamba_packed_size(a->columns, a->depth, a->dtype) < 0) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "pack: a matrix of (%lld, %lld) with element type %d can't be packed",
                        (long long)a->columns, (long long)a->depth, a->dtype);
  }
  if (a->source_dtype < PANAMBA_F32 || a->source_dtype > PANAMBA_F64) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "pack: there is no element type %d", a->source_dtype);
  }
  const panamba_kernels *kernels = panamba_current_kernels();
  int64_t depth = packed_depth(a->depth, a->dtype);
  for (int64_t first = 0; first < a->columns; first += kernels->panel_columns) {
    int64_t valid = min64(kernels->panel_columns, a->columns - first);
    int64_t width = ceil_div(valid, kernels->vector_columns) * kernels->vector_columns;
    void *panel = element_of(a->packed, a->dtype, first * depth);
    for (int64_t from = 0; from < depth; from += PACK_DEPTH) {
      pack_block(a, first, valid, width, from, min64(depth, from + PACK_DEPTH), panel);
    }
  }
  return PANAMBA_OK;
}
