package io.panamba.model.image.webp;

/**
 * Colours were replaced by their places in a palette, several to a pixel if they are few.
 *
 * @param width the picture's width
 * @param bits of a place: 1, 2, 4 or 8
 * @param palette the colours
 */
@SuppressWarnings("ArrayRecordComponent")
record PaletteTransform(int width, int bits, int[] palette) implements LosslessTransform {
  /**
   * Makes a transform.
   *
   * @param differences each colour's difference to the one before, by channel
   */
  static PaletteTransform of(int width, int[] differences) {
    int size = differences.length;
    int bits = size <= 2 ? 1 : size <= 4 ? 2 : size <= 16 ? 4 : 8;
    // Places that are not in the palette are transparent black.
    int[] palette = new int[1 << bits];
    int colour = 0;
    for (int i = 0; i < size; i++) {
      colour = add(colour, differences[i]);
      palette[i] = colour;
    }
    return new PaletteTransform(width, bits, palette);
  }

  /** Adds two colours by channel, modulo 256. */
  static int add(int a, int b) {
    int alphaAndGreen = (a & 0xFF00FF00) + (b & 0xFF00FF00);
    int redAndBlue = (a & 0xFF00FF) + (b & 0xFF00FF);
    return (alphaAndGreen & 0xFF00FF00) | (redAndBlue & 0xFF00FF);
  }

  @Override
  public int storedWidth() {
    return EntropyImage.blocks(width, shift());
  }

  /** The binary logarithm of the number of places in a pixel. */
  private int shift() {
    return 3 - Integer.numberOfTrailingZeros(bits);
  }

  @Override
  public int[] invert(int[] pixels, int height, Runnable check) {
    int[] out = new int[Math.multiplyExact(width, height)];
    int mask = (1 << bits) - 1;
    int last = (1 << shift()) - 1;
    int at = 0;
    for (int y = 0; y < height; y++) {
      check.run();
      int row = y * storedWidth();
      for (int x = 0; x < width; x++) {
        int green = pixels[row + (x >> shift())] >> 8 & 255;
        out[at] = palette[(green >> (bits * (x & last))) & mask];
        at++;
      }
    }
    return out;
  }
}
