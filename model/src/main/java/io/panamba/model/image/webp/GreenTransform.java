package io.panamba.model.image.webp;

/**
 * Green was subtracted from red and blue.
 *
 * @param storedWidth the picture's width
 */
record GreenTransform(int storedWidth) implements LosslessTransform {
  @Override
  public int[] invert(int[] pixels, int height) {
    for (int i = 0; i < pixels.length; i++) {
      int pixel = pixels[i];
      int green = pixel >> 8 & 255;
      int redAndBlue = ((pixel & 0xFF00FF) + (green << 16 | green)) & 0xFF00FF;
      pixels[i] = (pixel & 0xFF00FF00) | redAndBlue;
    }
    return pixels;
  }
}
