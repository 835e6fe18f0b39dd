/* Packing of a matrix as an operation, for weights that change with every step. */
#include "microkernel.h"
#include "tier.h"

int64_t TIER_NAME(pack_tiles)(const void *args) {
  const panamba_pack_args *a = args;
  return ceil_div(a->columns, PANEL_COLUMNS) * ceil_div(a->depth, PACK_DEPTH);
}

void TIER_NAME(pack_tile)(const void *args, int64_t tile) {
  const panamba_pack_args *a = args;
  int64_t blocks = ceil_div(a->depth, PACK_DEPTH);
  panamba_pack_block(a, tile / blocks * PANEL_COLUMNS, tile % blocks * PACK_DEPTH);
}
