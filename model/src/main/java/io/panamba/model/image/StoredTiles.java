package io.panamba.model.image;

import java.util.Arrays;
import java.util.zip.Adler32;

/**
 * Tiles in memory, which are read as if each were compressed by Deflate into stored blocks (RFC
 * 1950 and 1951): what stands around their bytes is made when it is read.
 */
final class StoredTiles implements ByteSource {
  /** The head of a stream. */
  private static final byte[] HEAD = {0x78, 0x01};

  /** The most bytes of a block, and what stands before them. */
  private static final int BLOCK = 65_535;

  private static final int BLOCK_HEAD = 5;
  private static final int CHECKSUM = 4;

  private final byte[][] tiles;

  /** Where each tile's stream starts, and where the last one ends. */
  private final long[] starts;

  StoredTiles(byte[][] tiles) {
    this.tiles = tiles;
    starts = new long[tiles.length + 1];
    for (int i = 0; i < tiles.length; i++) {
      int length = tiles[i].length;
      long blocks = Math.ceilDiv(length, BLOCK);
      starts[i + 1] = starts[i] + HEAD.length + blocks * BLOCK_HEAD + length + CHECKSUM;
    }
  }

  long[] offsets() {
    return Arrays.copyOf(starts, tiles.length);
  }

  long[] counts() {
    long[] counts = new long[tiles.length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = starts[i + 1] - starts[i];
    }
    return counts;
  }

  @Override
  public long length() {
    return starts[tiles.length];
  }

  @Override
  public int read(long at, byte[] target, int offset, int count) {
    if (at >= length()) {
      return -1;
    }
    int found = Arrays.binarySearch(starts, at);
    int index = found < 0 ? -found - 2 : found;
    byte[] tile = tiles[index];
    long inStream = at - starts[index];
    if (inStream < HEAD.length) {
      target[offset] = HEAD[(int) inStream];
      return 1;
    }
    long inBlocks = inStream - HEAD.length;
    long afterBlocks = inStream - (starts[index + 1] - starts[index] - CHECKSUM);
    if (afterBlocks >= 0) {
      Adler32 sum = new Adler32();
      sum.update(tile);
      target[offset] = (byte) (sum.getValue() >> (8 * (CHECKSUM - 1 - afterBlocks)));
      return 1;
    }
    int from = (int) (inBlocks / (BLOCK_HEAD + BLOCK)) * BLOCK;
    int inBlock = (int) (inBlocks % (BLOCK_HEAD + BLOCK));
    int length = Math.min(BLOCK, tile.length - from);
    if (inBlock < BLOCK_HEAD) {
      target[offset] = (byte) blockHead(inBlock, length, from + length == tile.length);
      return 1;
    }
    int copied = Math.min(count, BLOCK_HEAD + length - inBlock);
    System.arraycopy(tile, from + inBlock - BLOCK_HEAD, target, offset, copied);
    return copied;
  }

  /** A byte of a block's head: whether it is the last, its length and the complement of that. */
  private static int blockHead(int at, int length, boolean last) {
    return switch (at) {
      case 0 -> last ? 1 : 0;
      case 1, 2 -> length >> (8 * (at - 1));
      default -> ~length >> (8 * (at - 3));
    };
  }
}
