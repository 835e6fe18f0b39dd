package io.panamba.model.image.webp;

/**
 * Green was subtracted from red and blue.
 *
 * @param storedWidth the picture's width
 */
record GreenTransform(int storedWidth) implements LosslessTransform {
  @Override
  public int[] invert(int[] pixels, int height, Runnable check) {
    for (int row = 0; row < pixels.length; row += storedWidth) {
      check.run();
      for (int i = row; i < row + storedWidth; i++) {
        int pixel = pixels[i];
        int green = pixel >> 8 & 255;
        int redAndBlue = ((pixel & 0xFF00FF) + (green << 16 | green)) & 0xFF00FF;
        pixels[i] = (pixel & 0xFF00FF00) | redAndBlue;
      }
    }
    return pixels;
  }
}
