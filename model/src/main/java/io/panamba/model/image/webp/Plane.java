package io.panamba.model.image.webp;

import java.util.Arrays;

/**
 * The samples of one colour, with the row above and the column at the left that prediction takes
 * for what is outside of the frame: RFC 6386, section 12.2.
 *
 * @param samples rows of {@code stride} bytes
 * @param stride from a sample to the one below
 */
@SuppressWarnings("ArrayRecordComponent")
record Plane(byte[] samples, int stride) {
  static final byte ABOVE = 127;
  private static final byte LEFT = (byte) 129;

  static Plane allocate(int width, int height) {
    int stride = width + 1;
    Plane plane = new Plane(new byte[Math.multiplyExact(stride, height + 1)], stride);
    Arrays.fill(plane.samples, 0, stride, ABOVE);
    for (int y = 0; y < height; y++) {
      plane.samples[plane.at(-1, y)] = LEFT;
    }
    return plane;
  }

  /** Returns where a sample is; -1 is in the border. */
  int at(int x, int y) {
    return (y + 1) * stride + x + 1;
  }
}
