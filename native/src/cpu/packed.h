/*
 * The layout of a packed matrix: panels of panel_columns columns (the last one narrower, rounded up to whole vectors
 * and padded with zeros), each panel row-major over the depth. A microkernel reads one panel from front to back.
 */
#ifndef PANAMBA_PACKED_H
#define PANAMBA_PACKED_H

#include <stdint.h>

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static inline int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

#endif
