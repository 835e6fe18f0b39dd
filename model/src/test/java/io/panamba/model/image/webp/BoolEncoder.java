package io.panamba.model.image.webp;

import java.util.Arrays;

/** Writes what {@link BoolDecoder} reads: RFC 6386, section 7.3. */
final class BoolEncoder {
  private byte[] out = new byte[64];
  private int length;
  private int range = 255;
  private long bottom;
  private int bits = 24;

  BoolEncoder bit(int value, int probability) {
    int split = 1 + (((range - 1) * probability) >> 8);
    if (value != 0) {
      bottom += split;
      range -= split;
    } else {
      range = split;
    }
    while (range < 128) {
      range <<= 1;
      if ((bottom & 1L << 31) != 0) {
        carry();
      }
      bottom = bottom << 1 & 0xFFFFFFFFL;
      if (--bits == 0) {
        write((byte) (bottom >> 24));
        bottom &= (1 << 24) - 1;
        bits = 8;
      }
    }
    return this;
  }

  private void carry() {
    int at = length - 1;
    while (out[at] == (byte) 255) {
      out[at--] = 0;
    }
    out[at]++;
  }

  private void write(byte value) {
    if (length == out.length) {
      out = Arrays.copyOf(out, 2 * length);
    }
    out[length++] = value;
  }

  BoolEncoder bits(int value, int count) {
    for (int i = count - 1; i >= 0; i--) {
      bit(value >> i & 1, 128);
    }
    return this;
  }

  byte[] toByteArray() {
    bits(0, Integer.SIZE);
    return Arrays.copyOf(out, length);
  }
}
