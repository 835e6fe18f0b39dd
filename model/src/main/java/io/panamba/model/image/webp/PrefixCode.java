package io.panamba.model.image.webp;

import java.io.EOFException;
import java.io.IOException;

/** A canonical prefix code: RFC 9649, section 3.7.2. */
final class PrefixCode {
  private static final int MAX_LENGTH = 15;
  private static final int TABLE_BITS = 8;
  private static final int LENGTH_BITS = 4;

  /** For the next bits of the data: a symbol and its code's length, or 0 if it is longer. */
  private final char[] table;

  private final int mask;

  /** The symbols in the order of their codes, those of longer codes behind the others. */
  private final char[] sorted;

  private final int[] lengths;

  private PrefixCode(char[] table, char[] sorted, int[] lengths) {
    this.table = table;
    this.mask = table.length - 1;
    this.sorted = sorted;
    this.lengths = lengths;
  }

  /**
   * Makes a code.
   *
   * @param lengths of the symbols' codes, 0 where a symbol has none; a single symbol takes no bits
   * @throws IOException if they are no complete code
   */
  static PrefixCode of(int[] lengths) throws IOException {
    int[] counts = new int[MAX_LENGTH + 1];
    for (int length : lengths) {
      counts[length]++;
    }
    int used = lengths.length - counts[0];
    counts[0] = 0;
    int longest = 0;
    int space = 1 << MAX_LENGTH;
    int[] next = new int[MAX_LENGTH + 2];
    for (int length = 1; length <= MAX_LENGTH; length++) {
      space -= counts[length] << (MAX_LENGTH - length);
      longest = counts[length] > 0 ? length : longest;
      next[length + 1] = next[length] + counts[length];
    }
    if (used != 1 && space != 0) {
      throw new IOException("a prefix code is not complete");
    }
    char[] sorted = new char[used];
    for (int symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] > 0) {
        sorted[next[lengths[symbol]]++] = (char) symbol;
      }
    }
    if (used == 1) {
      return new PrefixCode(new char[] {(char) (sorted[0] << LENGTH_BITS)}, sorted, counts);
    }
    return new PrefixCode(table(counts, sorted, Math.min(longest, TABLE_BITS)), sorted, counts);
  }

  private static char[] table(int[] counts, char[] sorted, int bits) {
    char[] table = new char[1 << bits];
    int code = 0;
    int at = 0;
    for (int length = 1; length <= bits; length++) {
      code <<= 1;
      for (int i = 0; i < counts[length]; i++) {
        int reversed = Integer.reverse(code) >>> (Integer.SIZE - length);
        for (int to = reversed; to < table.length; to += 1 << length) {
          table[to] = (char) (sorted[at] << LENGTH_BITS | length);
        }
        code++;
        at++;
      }
    }
    return table;
  }

  /** The number of entries that it holds in memory. */
  int size() {
    return table.length + sorted.length;
  }

  /** Tells whether it has one symbol, which takes no bits. */
  boolean isSingle() {
    return sorted.length == 1;
  }

  /** Returns the symbol of the shortest code. */
  int first() {
    return sorted[0];
  }

  int read(BitReader in) throws EOFException {
    int ahead = in.peek();
    int entry = table[ahead & mask];
    int length = entry & ((1 << LENGTH_BITS) - 1);
    if (length == 0 && table.length > 1) {
      return readLong(in, ahead);
    }
    in.skip(length);
    return entry >> LENGTH_BITS;
  }

  /** Reads bit by bit: the codes of a length follow on those of the length before. */
  private int readLong(BitReader in, int ahead) throws EOFException {
    int first = 0;
    int code = 0;
    int at = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      code = code << 1 | (ahead >>> (length - 1) & 1);
      int count = lengths[length];
      if (code - first < count) {
        in.skip(length);
        return sorted[at + code - first];
      }
      at += count;
      first = (first + count) << 1;
    }
    throw new AssertionError("a complete code has every word");
  }
}
