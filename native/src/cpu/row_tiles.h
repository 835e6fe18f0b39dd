/* Tiles of rows, for operations that go over their elements one by one. */
#ifndef PANAMBA_ROW_TILES_H
#define PANAMBA_ROW_TILES_H

#include <stdint.h>

#define TILE_ELEMENTS 8192

static inline int64_t rows_of_tile(int64_t columns) { return columns >= TILE_ELEMENTS ? 1 : TILE_ELEMENTS / columns; }

#endif
