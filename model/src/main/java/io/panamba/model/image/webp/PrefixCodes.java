package io.panamba.model.image.webp;

import java.io.IOException;
import java.util.Arrays;

/** Reads prefix codes from the data: RFC 9649, section 3.7.2.1. */
final class PrefixCodes {
  /** Entries of tables that a picture may have, however small it is: libwebp writes fewer. */
  static final int MIN_BUDGET = 1 << 24;

  /** Codes of a group: green with lengths and cached colours, red, blue, alpha, distances. */
  static final int GROUP = 5;

  static final int LENGTHS = 24;
  private static final int COLOURS = 256;
  private static final int DISTANCES = 40;

  private static final int MAX_LENGTH = 15;
  private static final int REPEAT_LAST = 16;
  private static final int[] LENGTH_ORDER = {
    17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  };

  private final BitReader in;
  private long budget;

  /** The lengths of each code's symbols. */
  private final int[][] lengths = new int[GROUP][];

  /**
   * Creates a reader of the codes of one picture.
   *
   * @param pixels of the picture, two table entries are allowed for each
   */
  PrefixCodes(BitReader in, int cacheSize, long pixels) {
    this.in = in;
    for (int i = 0; i < GROUP; i++) {
      lengths[i] = new int[i == 0 ? COLOURS + LENGTHS + cacheSize : i == 4 ? DISTANCES : COLOURS];
    }
    budget = Math.max(MIN_BUDGET, 2 * pixels);
  }

  PrefixCode[] group() throws IOException {
    PrefixCode[] group = new PrefixCode[GROUP];
    for (int i = 0; i < GROUP; i++) {
      group[i] = PrefixCode.of(lengths(i));
      budget -= group[i].size();
    }
    if (budget < 0) {
      throw new IOException("the picture has more prefix codes than pixels need");
    }
    return group;
  }

  /** Passes over a group that no pixel has. */
  void skipGroup() throws IOException {
    for (int i = 0; i < GROUP; i++) {
      PrefixCode.of(lengths(i));
    }
  }

  private int[] lengths(int code) throws IOException {
    int[] own = lengths[code];
    Arrays.fill(own, 0);
    if (in.flag()) {
      boolean two = in.flag();
      int width = in.flag() ? 8 : 1;
      mark(own, in.bits(width));
      if (two) {
        mark(own, in.bits(8));
      }
    } else {
      readLengths(own);
    }
    return own;
  }

  private static void mark(int[] lengths, int symbol) throws IOException {
    if (symbol >= lengths.length) {
      throw new IOException("a prefix code has a symbol that is not in its alphabet");
    }
    lengths[symbol] = 1;
  }

  private void readLengths(int[] lengths) throws IOException {
    int[] own = new int[LENGTH_ORDER.length];
    int count = 4 + in.bits(4);
    for (int i = 0; i < count; i++) {
      own[LENGTH_ORDER[i]] = in.bits(3);
    }
    PrefixCode code = PrefixCode.of(own);
    int left = lengths.length;
    if (in.flag()) {
      int width = 2 + 2 * in.bits(3);
      left = 2 + in.bits(width);
      if (left > lengths.length) {
        throw new IOException("a prefix code is longer than its alphabet");
      }
    }
    int last = 8;
    int at = 0;
    for (; left > 0 && at < lengths.length; left--) {
      int symbol = code.read(in);
      if (symbol <= MAX_LENGTH) {
        lengths[at] = symbol;
        at++;
        last = symbol == 0 ? last : symbol;
        continue;
      }
      int repeat =
          switch (symbol) {
            case REPEAT_LAST -> 3 + in.bits(2);
            case REPEAT_LAST + 1 -> 3 + in.bits(3);
            default -> 11 + in.bits(7);
          };
      if (repeat > lengths.length - at) {
        throw new IOException("a prefix code is longer than its alphabet");
      }
      for (int i = 0; i < repeat; i++) {
        lengths[at] = symbol == REPEAT_LAST ? last : 0;
        at++;
      }
    }
  }
}
