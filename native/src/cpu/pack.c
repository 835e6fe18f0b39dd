/* Packing of weights: from the bytes of a checkpoint, once per matrix, or from the last step's, to the layout of
 * packed_layout.h. */
#include "packed_layout.h"

#include "bf16.h"
#include "check_arguments.h"
#include "kernels.h"
#include "source_element.h"
#include "status.h"

/* One panel's rows [from, to); `valid` of its `width` columns exist. */
typedef struct {
  int64_t first;
  int64_t valid;
  int64_t width;
  int64_t from;
  int64_t to;
  void *panel;
} pack_range;

static float scale_of(const panamba_pack_args *a, int64_t column) { return a->row_scale ? a->row_scale[column] : 1.0f; }

static void pack_any(const panamba_pack_args *a, const pack_range *r) {
  for (int64_t n = 0; n < r->width; n++) {
    float scale = n < r->valid ? scale_of(a, r->first + n) : 1.0f;
    int64_t column = (r->first + n) * a->column_stride;
    for (int64_t k = r->from; k < r->to; k++) {
      float value = 0.0f;
      if (n < r->valid && k < a->depth) {
        value = scale * source_element(a->source, column + k * a->depth_stride, a->source_dtype);
      }
      if (a->dtype == PANAMBA_F32) {
        ((float *)r->panel)[k * r->width + n] = value;
      } else {
        ((bf16 *)r->panel)[(k / 2 * r->width + n) * 2 + k % 2] = bf16_of(value);
      }
    }
  }
}

/* What training does with every step: aligned float32 to float32, read along the shorter stride. */
static void pack_floats(const panamba_pack_args *a, const pack_range *r) {
  const float *source = (const float *)a->source + r->first * a->column_stride;
  float *panel = r->panel;
  if (a->column_stride < a->depth_stride) {
    for (int64_t k = r->from; k < r->to; k++) {
      for (int64_t n = 0; n < r->valid; n++) {
        panel[k * r->width + n] = scale_of(a, r->first + n) * source[n * a->column_stride + k * a->depth_stride];
      }
    }
  } else {
    for (int64_t n = 0; n < r->valid; n++) {
      const float scale = scale_of(a, r->first + n);
      for (int64_t k = r->from; k < r->to; k++) {
        panel[k * r->width + n] = scale * source[n * a->column_stride + k * a->depth_stride];
      }
    }
  }
  for (int64_t n = r->valid; n < r->width; n++) {
    for (int64_t k = r->from; k < r->to; k++) {
      panel[k * r->width + n] = 0.0f;
    }
  }
}

void panamba_pack_block(const panamba_pack_args *a, int64_t first, int64_t from) {
  const panamba_kernels *kernels = panamba_current_kernels();
  int64_t depth = packed_depth(a->depth, a->dtype);
  pack_range r = {.first = first, .from = from, .to = min64(depth, from + PACK_DEPTH)};
  r.valid = min64(kernels->panel_columns, a->columns - first);
  r.width = ceil_div(r.valid, kernels->vector_columns) * kernels->vector_columns;
  r.panel = element_of(a->packed, a->dtype, first * depth);
  if (a->dtype == PANAMBA_F32 && a->source_dtype == PANAMBA_F32 && (uintptr_t)a->source % sizeof(float) == 0) {
    pack_floats(a, &r);
  } else {
    pack_any(a, &r);
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

int32_t panamba_check_pack(const panamba_pack_args *a) {
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
  return PANAMBA_OK;
}

int32_t panamba_pack(const panamba_pack_args *a, const void *keep0, const void *keep1, const void *keep2) {
  (void)keep0, (void)keep1, (void)keep2;
  int32_t status = panamba_check_pack(a);
  if (status != PANAMBA_OK) {
    return status;
  }
  for (int64_t first = 0; first < a->columns; first += panamba_current_kernels()->panel_columns) {
    for (int64_t from = 0; from < packed_depth(a->depth, a->dtype); from += PACK_DEPTH) {
      panamba_pack_block(a, first, from);
    }
  }
  return PANAMBA_OK;
}
