package io.panamba.model.image.webp;

/**
 * Predictions from the pixels at the left and above were subtracted.
 *
 * @param storedWidth the picture's width
 * @param shift blocks have 2^shift pixels a side
 * @param blocks the mode of each, in green
 */
@SuppressWarnings("ArrayRecordComponent")
record PredictorTransform(int storedWidth, int shift, int[] blocks) implements LosslessTransform {
  private static final int BLACK = 0xFF000000;

  @Override
  public int[] invert(int[] pixels, int height, Runnable check) {
    int width = storedWidth;
    pixels[0] = PaletteTransform.add(pixels[0], BLACK);
    for (int x = 1; x < width; x++) {
      pixels[x] = PaletteTransform.add(pixels[x], pixels[x - 1]);
    }
    int perRow = EntropyImage.blocks(width, shift);
    for (int y = 1; y < height; y++) {
      check.run();
      int row = y * width;
      pixels[row] = PaletteTransform.add(pixels[row], pixels[row - width]);
      int modes = (y >> shift) * perRow;
      for (int x = 1; x < width; x++) {
        int mode = blocks[modes + (x >> shift)] >> 8 & 15;
        int at = row + x;
        // Beyond the last column the pixel above at the right is the row's own first one.
        pixels[at] = PaletteTransform.add(pixels[at], predict(mode, pixels, at, width));
      }
    }
    return pixels;
  }

  private static int predict(int mode, int[] pixels, int at, int width) {
    int left = pixels[at - 1];
    int above = pixels[at - width];
    int corner = pixels[at - width - 1];
    int right = pixels[at - width + 1];
    return switch (mode) {
      case 1 -> left;
      case 2 -> above;
      case 3 -> right;
      case 4 -> corner;
      case 5 -> mean(mean(left, right), above);
      case 6 -> mean(left, corner);
      case 7 -> mean(left, above);
      case 8 -> mean(corner, above);
      case 9 -> mean(above, right);
      case 10 -> mean(mean(left, corner), mean(above, right));
      case 11 -> select(left, above, corner);
      case 12 -> gradient(left, above, corner);
      case 13 -> halfGradient(mean(left, above), corner);
      // 0, and 14 and 15, which are not defined.
      default -> BLACK;
    };
  }

  /** The means of the channels, rounded down. */
  private static int mean(int a, int b) {
    return (a & b) + (((a ^ b) >>> 1) & 0x7F7F7F7F);
  }

  /** The neighbour that left + above - corner is nearer to. */
  private static int select(int left, int above, int corner) {
    int leftStep = 0;
    int aboveStep = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 8) {
      int c = corner >>> shift & 255;
      leftStep += Math.abs((above >>> shift & 255) - c);
      aboveStep += Math.abs((left >>> shift & 255) - c);
    }
    return leftStep < aboveStep ? left : above;
  }

  private static int gradient(int left, int above, int corner) {
    int out = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 8) {
      int sum = (left >>> shift & 255) + (above >>> shift & 255) - (corner >>> shift & 255);
      out |= Math.clamp(sum, 0, 255) << shift;
    }
    return out;
  }

  private static int halfGradient(int mean, int corner) {
    int out = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 8) {
      int from = mean >>> shift & 255;
      int sum = from + (from - (corner >>> shift & 255)) / 2;
      out |= Math.clamp(sum, 0, 255) << shift;
    }
    return out;
  }
}
