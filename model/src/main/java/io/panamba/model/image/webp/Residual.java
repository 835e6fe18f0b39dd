package io.panamba.model.image.webp;

import java.util.Arrays;

/** Reads the coefficients of each macroblock: RFC 6386, sections 13 and 14.1. */
final class Residual {
  /** The block of the means of the luma blocks; before it 16 of luma, 4 of blue, 4 of red. */
  private static final int MEANS = 24;

  static final int BLUE = 16;
  static final int RED = 20;
  private static final int BLOCKS = 25;

  /** What a block tells its neighbours: 4 of luma, 2 of blue, 2 of red, one of the means. */
  private static final int CONTEXTS = 9;

  /** Block types, by which probabilities are chosen. */
  private static final int LUMA_WITHOUT_DC = 0;

  private static final int LUMA_MEANS = 1;
  private static final int CHROMA = 2;
  private static final int WHOLE_LUMA = 3;

  private static final int BAND_SIZE = Vp8Tables.CONTEXTS * Vp8Tables.TOKENS;
  private static final int TYPE_SIZE = Vp8Tables.BANDS_PER_TYPE * BAND_SIZE;

  /** The probabilities of the further bits of large coefficients, from the fifth category on. */
  private static final int[][] EXTRA_BITS = {
    {173, 148, 140},
    {176, 155, 140, 135},
    {180, 157, 141, 134, 130},
    {254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129}
  };

  private final byte[] probabilities;
  private final byte[] above;
  private final byte[] left = new byte[CONTEXTS];

  /** 25 blocks of 16 dequantised coefficients, as 16 bits hold them. */
  final short[] coefficients = new short[16 * BLOCKS];

  private final boolean[] filled = new boolean[BLOCKS];
  private BoolDecoder in;

  Residual(FrameHeader header, int columns) {
    probabilities = header.probabilities();
    above = new byte[CONTEXTS * columns];
  }

  /** Tells whether a block has a coefficient that isn't 0. */
  boolean filled(int block) {
    return filled[block];
  }

  void startRow(BoolDecoder partition) {
    in = partition;
    Arrays.fill(left, (byte) 0);
  }

  /** Passes over a macroblock without coefficients. */
  void skip(int column, boolean split) {
    Arrays.fill(filled, false);
    // A macroblock that has no block of means leaves what its neighbours say of theirs.
    int count = split ? CONTEXTS - 1 : CONTEXTS;
    Arrays.fill(above, CONTEXTS * column, CONTEXTS * column + count, (byte) 0);
    Arrays.fill(left, 0, count, (byte) 0);
  }

  /**
   * Reads a macroblock's coefficients.
   *
   * @return whether one of them isn't 0
   */
  boolean read(int column, boolean split, Quantiser quantiser) {
    Arrays.fill(coefficients, (short) 0);
    int contexts = CONTEXTS * column;
    int first = 0;
    int type = WHOLE_LUMA;
    if (!split) {
      int context = above[contexts + 8] + left[8];
      int end = block(LUMA_MEANS, context, 0, quantiser.meansDc(), quantiser.meansAc(), MEANS);
      above[contexts + 8] = left[8] = (byte) (end > 0 ? 1 : 0);
      InverseTransform.means(coefficients, 16 * MEANS);
      first = 1;
      type = LUMA_WITHOUT_DC;
    }
    boolean any = false;
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        any |=
            plane(type, contexts + x, y, first, quantiser.lumaDc(), quantiser.lumaAc(), 4 * y + x);
      }
    }
    for (int i = 0; i < 8; i++) {
      int x = i & 1;
      int y = i >> 1 & 1;
      int place = i < RED - BLUE ? 4 : 6;
      any |=
          plane(
              CHROMA,
              contexts + place + x,
              place + y,
              0,
              quantiser.chromaDc(),
              quantiser.chromaAc(),
              BLUE + i);
    }
    return any;
  }

  private boolean plane(int type, int aboveAt, int leftAt, int first, int dc, int ac, int block) {
    int end = block(type, above[aboveAt] + left[leftAt], first, dc, ac, block);
    above[aboveAt] = left[leftAt] = (byte) (end > first ? 1 : 0);
    filled[block] = end > 1 || coefficients[16 * block] != 0;
    return filled[block];
  }

  /** Reads a block and returns the end of its coefficients, or {@code first} if it has none. */
  private int block(int type, int context, int first, int dc, int ac, int block) {
    int base = TYPE_SIZE * type;
    int at = base + BAND_SIZE * Vp8Tables.BANDS[first] + Vp8Tables.TOKENS * context;
    int i = first;
    while (i < 16 && bit(at) != 0) {
      while (bit(at + 1) == 0) {
        i++;
        if (i == 16) {
          return 16;
        }
        at = base + BAND_SIZE * Vp8Tables.BANDS[i];
      }
      int magnitude = bit(at + 2) == 0 ? 1 : large(at);
      int step = i == 0 ? dc : ac;
      int value = in.flag() ? -magnitude : magnitude;
      coefficients[16 * block + Vp8Tables.ZIGZAG[i]] = (short) (value * step);
      i++;
      at = base + BAND_SIZE * Vp8Tables.BANDS[i] + Vp8Tables.TOKENS * Math.min(magnitude, 2);
    }
    return i;
  }

  private int bit(int at) {
    return in.bit(probabilities[at] & 255);
  }

  /** Reads a magnitude above 1. */
  private int large(int at) {
    if (bit(at + 3) == 0) {
      return bit(at + 4) == 0 ? 2 : 3 + bit(at + 5);
    }
    if (bit(at + 6) == 0) {
      if (bit(at + 7) == 0) {
        return 5 + in.bit(159);
      }
      int high = in.bit(165);
      return 7 + 2 * high + in.bit(145);
    }
    int high = bit(at + 8);
    int category = 2 * high + bit(at + 9 + high);
    int extra = 0;
    for (int probability : EXTRA_BITS[category]) {
      extra = 2 * extra + in.bit(probability);
    }
    return 3 + (8 << category) + extra;
  }
}
