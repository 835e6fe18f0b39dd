package io.panamba.model.image.webp;

import java.io.EOFException;

/** Reads bits, the lowest of a byte first. */
final class BitReader {
  private final byte[] data;
  private final int end;
  private int at;
  private long ahead;
  private int count;

  BitReader(byte[] data, int from, int to) {
    this.data = data;
    at = from;
    end = to;
  }

  /** Reads up to 24 bits as an unsigned number. */
  int bits(int width) throws EOFException {
    int number = peek() & ((1 << width) - 1);
    skip(width);
    return number;
  }

  boolean flag() throws EOFException {
    return bits(1) != 0;
  }

  /** Returns the next 32 bits, zeros where the data has ended. */
  int peek() {
    while (count < Integer.SIZE && at < end) {
      ahead |= (data[at] & 255L) << count;
      at++;
      count += 8;
    }
    return (int) ahead;
  }

  /** Returns how many bits are left. */
  long left() {
    return count + 8L * (end - at);
  }

  /** Passes over bits that have been peeked at. */
  void skip(int width) throws EOFException {
    if (width > count) {
      throw new EOFException("the picture is cut short");
    }
    ahead >>>= width;
    count -= width;
  }
}
