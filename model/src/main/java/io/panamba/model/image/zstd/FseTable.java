package io.panamba.model.image.zstd;

import java.io.IOException;
import java.util.Arrays;

/**
 * A decoding table of finite state entropy (RFC 8878, 4.1): each state stands for a symbol, and the
 * next state is a base and some bits.
 */
@SuppressWarnings("ArrayRecordComponent")
record FseTable(int accuracy, int[] symbols, int[] bits, int[] bases) {
  private static final int MIN_ACCURACY = 5;

  /** A table and where its description ends. */
  record Described(FseTable table, int end) {}

  /** Returns the table of one symbol, which takes no bits. */
  static FseTable of(int symbol) {
    return new FseTable(0, new int[] {symbol}, new int[1], new int[1]);
  }

  /**
   * Builds a table.
   *
   * @param shares of each symbol its share of the 2^accuracy states; -1 is that of a rare symbol,
   *     whose one state is at the end
   */
  static FseTable of(int accuracy, int... shares) throws IOException {
    int size = 1 << accuracy;
    int[] symbols = new int[size];
    int[] next = new int[shares.length];
    int high = size;
    for (int s = 0; s < shares.length; s++) {
      next[s] = Math.abs(shares[s]);
      if (shares[s] < 0) {
        symbols[--high] = s;
      }
    }
    int step = (size >> 1) + (size >> 3) + 3;
    int at = 0;
    for (int s = 0; s < shares.length; s++) {
      for (int i = 0; i < shares[s]; i++) {
        symbols[at] = s;
        do {
          at = (at + step) & (size - 1);
        } while (at >= high);
      }
    }
    if (at != 0) {
      throw new IOException("the shares of symbols don't add up");
    }
    int[] bits = new int[size];
    int[] bases = new int[size];
    for (int state = 0; state < size; state++) {
      int number = next[symbols[state]]++;
      bits[state] = accuracy - (31 - Integer.numberOfLeadingZeros(number));
      bases[state] = (number << bits[state]) - size;
    }
    return new FseTable(accuracy, symbols, bits, bases);
  }

  /** Reads the description of a table. */
  static Described read(byte[] in, int start, int end, int maxAccuracy, int maxSymbols)
      throws IOException {
    ForwardBits stream = new ForwardBits(in, start, end);
    int accuracy = stream.read(4) + MIN_ACCURACY;
    if (accuracy > maxAccuracy) {
      throw new IOException("a table of %d bits".formatted(accuracy));
    }
    int[] shares = new int[maxSymbols];
    int remaining = 1 << accuracy;
    int symbol = 0;
    while (remaining > 0) {
      if (symbol >= maxSymbols) {
        throw new IOException("a table has too many symbols");
      }
      int share = stream.share(remaining);
      remaining -= Math.abs(share);
      shares[symbol++] = share;
      if (share == 0) {
        int zeros;
        do {
          zeros = stream.read(2);
          symbol += zeros;
        } while (zeros == 3);
      }
    }
    if (remaining < 0) {
      throw new IOException("the shares of symbols don't add up");
    }
    return new Described(of(accuracy, Arrays.copyOf(shares, symbol)), stream.end());
  }

  /** Bits from the lowest of the first byte on. */
  private static final class ForwardBits {
    private final byte[] in;
    private final int start;
    private final int end;
    private int at;

    ForwardBits(byte[] in, int start, int end) {
      this.in = in;
      this.start = start;
      this.end = end;
    }

    int read(int count) throws IOException {
      int value = 0;
      for (int i = 0; i < count; i++, at++) {
        int from = start + (at >> 3);
        if (from >= end) {
          throw new IOException("a table is cut short");
        }
        value |= ((in[from] >> (at & 7)) & 1) << i;
      }
      return value;
    }

    /** Reads a share of what remains: the smaller values take a bit less. */
    int share(int remaining) throws IOException {
      int low = 31 - Integer.numberOfLeadingZeros(remaining + 1);
      int value = read(low);
      int threshold = (2 << low) - 2 - remaining;
      if (value >= threshold && read(1) != 0) {
        value += (1 << low) - threshold;
      }
      return value - 1;
    }

    int end() {
      return start + ((at + 7) >> 3);
    }
  }
}
