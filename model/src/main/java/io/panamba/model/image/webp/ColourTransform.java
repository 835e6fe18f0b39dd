package io.panamba.model.image.webp;

/**
 * Multiples of green were subtracted from red and blue, and one of red from blue.
 *
 * @param storedWidth the picture's width
 * @param shift blocks have 2^shift pixels a side
 * @param blocks the three factors of each, in 32nds
 */
@SuppressWarnings("ArrayRecordComponent")
record ColourTransform(int storedWidth, int shift, int[] blocks) implements LosslessTransform {
  @Override
  public int[] invert(int[] pixels, int height, Runnable check) {
    int perRow = EntropyImage.blocks(storedWidth, shift);
    int at = 0;
    for (int y = 0; y < height; y++) {
      check.run();
      int row = (y >> shift) * perRow;
      for (int x = 0; x < storedWidth; x++) {
        int factors = blocks[row + (x >> shift)];
        int pixel = pixels[at];
        byte green = (byte) (pixel >> 8);
        int red = ((pixel >> 16) + part((byte) factors, green)) & 255;
        int toBlue = part((byte) (factors >> 8), green) + part((byte) (factors >> 16), (byte) red);
        int blue = (pixel + toBlue) & 255;
        pixels[at] = (pixel & 0xFF00FF00) | red << 16 | blue;
        at++;
      }
    }
    return pixels;
  }

  private static int part(byte factor, byte colour) {
    return (factor * colour) >> 5;
  }
}
