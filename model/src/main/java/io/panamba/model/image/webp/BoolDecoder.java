package io.panamba.model.image.webp;

/** Reads the arithmetic code of VP8: RFC 6386, section 7. */
final class BoolDecoder {
  private static final int EVEN = 128;

  private final byte[] data;
  private final int end;
  private int at;

  /** 128..255: the width of the interval that the value is in. */
  private int range = 255;

  /** What was read and not decoded; the interval's byte is above the {@link #spare} bits. */
  private long value;

  /** Bits of the value below the byte that is compared; negative when a byte must be read. */
  private int spare = -8;

  private boolean damaged;

  BoolDecoder(byte[] data, int from, int to) {
    this.data = data;
    at = from;
    end = to;
    // The value must be below the range: no encoder writes this byte first.
    damaged = from < to && data[from] == (byte) 255;
    load();
  }

  /**
   * Tells whether the data begins as no code does, or whether bits were asked for that it doesn't
   * have; they were zeros.
   */
  boolean damaged() {
    return damaged;
  }

  /** Reads a bit that is 0 in {@code probability} of 256 cases. */
  int bit(int probability) {
    if (spare < 0) {
      load();
    }
    int split = 1 + (((range - 1) * probability) >> 8);
    long bound = (long) split << spare;
    int bit;
    if (value >= bound) {
      value -= bound;
      range -= split;
      bit = 1;
    } else {
      range = split;
      bit = 0;
    }
    int shift = Integer.numberOfLeadingZeros(range) - 24;
    range <<= shift;
    spare -= shift;
    return bit;
  }

  boolean flag() {
    return bit(EVEN) != 0;
  }

  /** Reads an unsigned number, its highest bit first. */
  int bits(int count) {
    int number = 0;
    for (int i = 0; i < count; i++) {
      number = number << 1 | bit(EVEN);
    }
    return number;
  }

  /** Reads a magnitude and its sign. */
  int signed(int count) {
    int magnitude = bits(count);
    return flag() ? -magnitude : magnitude;
  }

  /** Reads a number that is there if a flag says so, and otherwise 0. */
  int optional(int count) {
    return flag() ? signed(count) : 0;
  }

  private void load() {
    if (at == end) {
      damaged = true;
      value <<= 8;
      spare += 8;
      return;
    }
    // Four bytes leave the value below 2^40.
    for (int i = 0; i < 4 && at < end; i++) {
      value = value << 8 | (data[at] & 255);
      at++;
      spare += 8;
    }
  }
}
