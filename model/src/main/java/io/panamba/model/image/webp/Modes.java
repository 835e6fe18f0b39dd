package io.panamba.model.image.webp;

import java.util.Arrays;

/** Reads how each macroblock is predicted: RFC 6386, sections 8 and 11. */
final class Modes {
  /** Modes of whole macroblocks and of chroma; of subblocks, the first two. */
  static final int DC = 0;

  static final int TRUE_MOTION = 1;
  static final int VERTICAL = 2;
  static final int HORIZONTAL = 3;

  /** Stands for sixteen modes of subblocks. */
  static final int SPLIT = 4;

  private static final int SUBBLOCK_MODES = 10;

  /** The tree of subblocks' modes: where each bit leads, or a mode's complement. */
  private static final int[] SUBBLOCK_TREE = {
    ~0, 2, ~1, 4, ~2, 6, 8, 12, ~3, 10, ~5, ~6, ~4, 14, ~7, 16, ~8, ~9
  };

  private final FrameHeader header;
  private final BoolDecoder in;
  private final byte[] above;
  private final byte[] left = new byte[4];

  /** The modes of the subblocks of the current macroblock, row by row. */
  final byte[] subblocks = new byte[16];

  private int segment;
  private boolean skipped;
  private int luma;
  private int chroma;

  Modes(FrameHeader header, int columns) {
    this.header = header;
    in = header.modes();
    above = new byte[4 * columns];
  }

  /** The current macroblock's segment. */
  FrameHeader.Segment segment() {
    return header.segments()[segment];
  }

  /** Whether it has no coefficients. */
  boolean skipped() {
    return skipped;
  }

  int luma() {
    return luma;
  }

  int chroma() {
    return chroma;
  }

  void startRow() {
    Arrays.fill(left, (byte) DC);
  }

  void read(int column) {
    int[] tree = header.segmentTree();
    if (tree != null) {
      segment = in.bit(tree[0]) == 0 ? in.bit(tree[1]) : 2 + in.bit(tree[2]);
    }
    skipped = header.skipProbability() >= 0 && in.bit(header.skipProbability()) != 0;
    if (in.bit(145) == 0) {
      luma = SPLIT;
      readSubblocks(4 * column);
    } else {
      if (in.bit(156) == 0) {
        luma = in.bit(163) == 0 ? DC : VERTICAL;
      } else {
        luma = in.bit(128) == 0 ? HORIZONTAL : TRUE_MOTION;
      }
      // The neighbours' subblocks take it for the mode of the same direction.
      Arrays.fill(above, 4 * column, 4 * column + 4, (byte) luma);
      Arrays.fill(left, (byte) luma);
    }
    if (in.bit(142) == 0) {
      chroma = DC;
    } else if (in.bit(114) == 0) {
      chroma = VERTICAL;
    } else {
      chroma = in.bit(183) == 0 ? HORIZONTAL : TRUE_MOTION;
    }
  }

  private void readSubblocks(int column) {
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        int context = 9 * (SUBBLOCK_MODES * above[column + x] + left[y]);
        int node = 0;
        do {
          int probability = Vp8Tables.SUBBLOCK_MODES[context + (node >> 1)] & 255;
          node = SUBBLOCK_TREE[node + in.bit(probability)];
        } while (node > 0);
        byte mode = (byte) ~node;
        subblocks[4 * y + x] = mode;
        above[column + x] = mode;
        left[y] = mode;
      }
    }
  }
}
