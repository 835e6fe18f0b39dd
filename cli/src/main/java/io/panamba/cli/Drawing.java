package io.panamba.cli;

import io.panamba.model.image.ImageException;
import io.panamba.model.image.RgbImage;

/**
 * A picture that is drawn on. Colours are {@code 0xRRGGBB}; what lies outside is left out.
 *
 * @param width pixels in a row
 * @param height rows
 * @param samples red, green and blue of each pixel
 */
@SuppressWarnings("ArrayRecordComponent")
record Drawing(int width, int height, byte[] samples) {
  static final int WHITE = 0xFFFFFF;
  static final int BLACK = 0;

  /** The longest name that is drawn. */
  private static final int LONGEST_NAME = 40;

  /** Pixels of a picture's width for each of a letter's dots. */
  private static final int PIXELS_PER_DOT = 320;

  private static final int LARGEST_DOT = 16;
  private static final int CHANNELS = RgbImage.CHANNELS;

  /**
   * Copies a picture, with white at the right and below.
   *
   * @param image the picture, at the upper left
   * @param width of the drawing, at least the picture's
   * @param height of the drawing, at least the picture's
   * @throws ImageException if the drawing is too large for an array
   */
  static Drawing on(RgbImage image, int width, long height) {
    if (height * width * CHANNELS > Integer.MAX_VALUE - 8) {
      throw new ImageException(
          "a drawing of %s x %s pixels is too large for an array".formatted(width, height));
    }
    byte[] samples = new byte[(int) height * width * CHANNELS];
    Drawing drawing = new Drawing(width, (int) height, samples);
    drawing.fill(0, 0, width, (int) height, WHITE);
    for (int y = 0; y < image.height(); y++) {
      System.arraycopy(
          image.pixels(),
          y * image.width() * CHANNELS,
          samples,
          y * width * CHANNELS,
          image.width() * CHANNELS);
    }
    return drawing;
  }

  /** Returns how many pixels high and wide a dot of a letter is on a picture. */
  static int dot(RgbImage image) {
    return Math.clamp((image.width() + PIXELS_PER_DOT / 2) / PIXELS_PER_DOT, 1, LARGEST_DOT);
  }

  /** Returns a name as it is drawn: a very long one is cut, and says so. */
  static String shortened(String name) {
    return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME - 3) + "...";
  }

  /** Returns black or white, whichever is easier to read on a colour (ITU-R BT.601's luma). */
  static int readableOn(int colour) {
    int luma = 299 * (colour >> 16) + 587 * (colour >> 8 & 255) + 114 * (colour & 255);
    return luma >= 128_000 ? BLACK : WHITE;
  }

  RgbImage image() {
    return RgbImage.of(width, height, samples);
  }

  /** Mixes a pixel with a colour, half and half. */
  void tint(int x, int y, int colour) {
    int at = (y * width + x) * CHANNELS;
    samples[at] = (byte) (((samples[at] & 255) + (colour >> 16)) >> 1);
    samples[at + 1] = (byte) (((samples[at + 1] & 255) + (colour >> 8 & 255)) >> 1);
    samples[at + 2] = (byte) (((samples[at + 2] & 255) + (colour & 255)) >> 1);
  }

  void fill(int left, int top, int columns, int rows, int colour) {
    int right = (int) Math.min((long) left + columns, width);
    int bottom = (int) Math.min((long) top + rows, height);
    for (int y = Math.max(top, 0); y < bottom; y++) {
      for (int x = Math.max(left, 0); x < right; x++) {
        int at = (y * width + x) * CHANNELS;
        samples[at] = (byte) (colour >> 16);
        samples[at + 1] = (byte) (colour >> 8);
        samples[at + 2] = (byte) colour;
      }
    }
  }

  /**
   * Draws a rectangle's sides inwards.
   *
   * @param thickness of the sides in pixels
   */
  void frame(int left, int top, int columns, int rows, int thickness, int colour) {
    int high = Math.min(thickness, rows);
    int wide = Math.min(thickness, columns);
    fill(left, top, columns, high, colour);
    fill(left, top + rows - high, columns, high, colour);
    fill(left, top, wide, rows, colour);
    fill(left + columns - wide, top, wide, rows, colour);
  }

  /**
   * Writes a line.
   *
   * @param dot pixels of a dot of a letter
   */
  void text(String text, int left, int top, int dot, int colour) {
    PixelFont.draw(text, (x, y) -> fill(left + x * dot, top + y * dot, dot, dot, colour));
  }
}
