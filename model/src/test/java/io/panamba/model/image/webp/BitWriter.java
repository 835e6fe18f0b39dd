package io.panamba.model.image.webp;

import java.io.ByteArrayOutputStream;

/** Writes what {@link BitReader} reads. */
final class BitWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private long ahead;
  private int count;

  BitWriter put(int value, int width) {
    ahead |= (long) value << count;
    count += width;
    while (count >= 8) {
      out.write((int) ahead);
      ahead >>>= 8;
      count -= 8;
    }
    return this;
  }

  /** Writes the code of a single symbol, which then takes no bits. */
  BitWriter single(int symbol) {
    return put(1, 1).put(0, 1).put(1, 1).put(symbol, 8);
  }

  BitReader reader() {
    byte[] data = toByteArray();
    return new BitReader(data, 0, data.length);
  }

  byte[] toByteArray() {
    put(0, 7);
    return out.toByteArray();
  }
}
