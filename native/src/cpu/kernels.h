/*
 * What a tier provides. An operation is cut into tiles that may run on any thread in any order; no two write the same
 * element, and the result of an element does not depend on the cut.
 */
#ifndef PANAMBA_KERNELS_H
#define PANAMBA_KERNELS_H

#include "panamba.h"
#include "panamba_training.h"

/* X(code, name): panamba_<name>_args is the struct of operation PANAMBA_<code>. Adding an operation starts here and in
 * panamba.h, or panamba_training.h. */
#define PANAMBA_OPERATIONS(X)                 \
  X(PATCH_EMBEDDING, patch_embedding)         \
  X(NORM, norm)                               \
  X(LINEAR, linear)                           \
  X(CAUSAL_CONV, causal_conv)                 \
  X(SELECTIVE_SCAN, selective_scan)           \
  X(ROTARY, rotary)                           \
  X(POOL, pool)                               \
  X(PACK, pack)                               \
  X(PRODUCT, product)                         \
  X(SUM, sum)                                 \
  X(POINTWISE, pointwise)                     \
  X(SCAN_GRADIENT, scan_gradient)             \
  X(CONV_GRADIENT, conv_gradient)             \
  X(NORM_GRADIENT, norm_gradient)             \
  X(POOL_GRADIENT, pool_gradient)             \
  X(PATCHES, patches)                         \
  X(CROSS_ENTROPY, cross_entropy)             \
  X(SQUARES, squares)                         \
  X(CLIP, clip)                               \
  X(ADAMW, adamw)                             \
  X(ATTENTION, attention)                     \
  X(ACTIVATION_GRADIENT, activation_gradient) \
  X(ATTENTION_GRADIENT, attention_gradient)

#define PANAMBA_COUNT_(code, name) +1
enum { PANAMBA_OPERATION_COUNT = 0 PANAMBA_OPERATIONS(PANAMBA_COUNT_) };

/* More tiles than this in one operation are refused. */
#define PANAMBA_MAX_TILES ((int64_t)1 << 30)

typedef int64_t (*panamba_tiles_function)(const void *args);
typedef void (*panamba_tile_function)(const void *args, int64_t tile);

typedef struct {
  const char *name;
  /* Columns of a full panel of packed weights, and the unit that the last panel's width is rounded up to. */
  int32_t panel_columns;
  int32_t vector_columns;
  panamba_tiles_function tiles[PANAMBA_OPERATION_COUNT];
  panamba_tile_function run_tile[PANAMBA_OPERATION_COUNT];
  /* Runs the multiply-adds of products of `dtype` on registers `rounds` times and returns how many floating-point
   * operations that were; *sink keeps the result. */
  int64_t (*peak)(int32_t dtype, int64_t rounds, float *sink);
} panamba_kernels;

/* The kernels in use; chosen on first call. */
const panamba_kernels *panamba_current_kernels(void);

/* PANAMBA_OK, or why these arguments of operation `operation` are refused. */
int32_t panamba_check(int32_t operation, const void *args);

#endif
