package io.panamba.model.vim;

/**
 * The tiles that a sequence is worked through in: as few as there can be of at most so many tokens,
 * and of nearly equal length, so that none is too short to keep the processor busy. One, or an even
 * number, so that two sweeps towards each other never come to one tile at the same time.
 *
 * @param length of the sequence
 * @param count of tiles
 */
record Tiles(long length, int count) {
  /** Cuts a sequence into tiles of at most {@code most} tokens; 0 leaves it whole. */
  static Tiles cut(long length, int most) {
    // Longer sequences than have so many tiles have no memory either.
    int fewest = most == 0 ? 1 : (int) Math.min(Integer.MAX_VALUE - 1L, Math.ceilDiv(length, most));
    return new Tiles(length, fewest == 1 ? 1 : fewest + fewest % 2);
  }

  /** The first token of a tile. */
  long start(int tile) {
    return tile * (length / count) + Math.min(tile, length % count);
  }

  /** The number of tokens of a tile. */
  long size(int tile) {
    return start(tile + 1) - start(tile);
  }

  /** The tile that a token is in. */
  int tileOf(long token) {
    int tile = (int) Math.min(count - 1, token / (length / count));
    while (start(tile) > token) {
      tile--;
    }
    return tile;
  }

  /** The number of tokens of the longest tile. */
  long largest() {
    return Math.ceilDiv(length, count);
  }
}
