package io.panamba.model.image.zstd;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Bits that are read from the end of some bytes to their start. The highest bit that is set in the
 * last byte marks the end. Bits before the start are zero, and {@link #left} is then negative.
 */
final class BackwardBits {
  /** Bytes beyond the last that must be in the array. */
  static final int PADDING = 8;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final int start;
  private int left;

  BackwardBits(byte[] bytes, int start, int end) throws IOException {
    if (end <= start || bytes[end - 1] == 0) {
      throw new IOException("a bit stream has no end");
    }
    this.bytes = bytes;
    this.start = start;
    int last = bytes[end - 1] & 255;
    this.left = 8 * (end - start - 1) + 31 - Integer.numberOfLeadingZeros(last);
  }

  /** Returns how many bits are left. */
  int left() {
    return left;
  }

  /** Reads up to 31 bits. */
  int read(int count) {
    left -= count;
    return bits(left, count);
  }

  /** Returns the next bits without reading them. */
  int peek(int count) {
    return bits(left - count, count);
  }

  void skip(int count) {
    left -= count;
  }

  private int bits(int from, int count) {
    if (from < 0) {
      int known = count + from;
      return known <= 0 ? 0 : bits(0, known) << -from;
    }
    long word = (long) LONG.get(bytes, start + (from >> 3));
    return (int) ((word >>> (from & 7)) & ((1L << count) - 1));
  }
}
