/*
 * The layout of a packed matrix: panels of panel_columns columns (the last one narrower, rounded up to whole vectors
 * and padded with zeros), each panel row-major over the depth. A microkernel reads one panel from front to back. In
 * bfloat16 two neighbours of the depth lie side by side, so that a row of a panel holds pairs; an odd depth is padded
 * with zeros.
 */
#ifndef PANAMBA_PACKED_LAYOUT_H
#define PANAMBA_PACKED_LAYOUT_H

#include <stdint.h>

#include "panamba.h"

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static inline int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

static inline int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

static inline int64_t element_size(int32_t dtype) { return dtype == PANAMBA_F32 ? 4 : 2; }

/* Elements per column of a packed matrix. */
static inline int64_t packed_depth(int64_t depth, int32_t dtype) {
  return dtype == PANAMBA_F32 ? depth : depth + (depth & 1);
}

/* Element `index` of an array of float32 or bfloat16. */
static inline const void *element_at(const void *base, int32_t dtype, int64_t index) {
  return (const char *)base + index * element_size(dtype);
}

static inline void *element_of(void *base, int32_t dtype, int64_t index) {
  return (char *)base + index * element_size(dtype);
}

/* Rows of a panel that are packed at a time: 64 rows of 48 floats stay in the first-level cache. */
#define PACK_DEPTH 64

/* Packs rows [from, from + PACK_DEPTH), if there are so many, of the panel whose first column is `first`. */
void panamba_pack_block(const panamba_pack_args *args, int64_t first, int64_t from);

#endif
