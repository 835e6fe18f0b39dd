package io.panamba.model.image.webp;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Which prefix codes each block of a picture has: RFC 9649, section 3.7.2.2.
 *
 * @param shift blocks have 2^shift pixels a side
 * @param blocksPerRow the number of blocks in a row
 * @param groupOfBlock the group of each block, or null if all have the first
 * @param codes the groups
 */
@SuppressWarnings("ArrayRecordComponent")
record Groups(int shift, int blocksPerRow, int[] groupOfBlock, PrefixCode[][] codes) {
  /** No picture is as wide. */
  private static final int WHOLE = 15;

  static Groups read(
      BitReader in, int width, int height, int cacheSize, boolean grouped, Runnable check)
      throws IOException {
    PrefixCodes reader = new PrefixCodes(in, cacheSize, (long) width * height);
    if (!grouped || !in.flag()) {
      return new Groups(WHOLE, 1, null, new PrefixCode[][] {reader.group()});
    }
    int shift = 2 + in.bits(3);
    int blocksPerRow = EntropyImage.blocks(width, shift);
    int[] blocks =
        EntropyImage.readParameters(in, blocksPerRow, EntropyImage.blocks(height, shift), check);
    // Numbers may have gaps: a picture of one pixel can name 65536 groups, and needs one.
    Map<Integer, Integer> inUse = new HashMap<>();
    int last = 0;
    for (int i = 0; i < blocks.length; i++) {
      int number = blocks[i] >> 8 & 0xFFFF;
      last = Math.max(last, number);
      Integer known = inUse.putIfAbsent(number, inUse.size());
      blocks[i] = known == null ? inUse.size() - 1 : known;
    }
    PrefixCode[][] codes = new PrefixCode[inUse.size()][];
    for (int number = 0; number <= last; number++) {
      check.run();
      Integer index = inUse.get(number);
      if (index == null) {
        reader.skipGroup();
      } else {
        codes[index] = reader.group();
      }
    }
    return new Groups(shift, blocksPerRow, blocks, codes);
  }

  /** Selects the bits of a column that are 0 where a block begins. */
  int mask() {
    return (1 << shift) - 1;
  }

  PrefixCode[] at(int column, int row) {
    return codes[
        groupOfBlock == null ? 0 : groupOfBlock[(row >> shift) * blocksPerRow + (column >> shift)]];
  }
}
