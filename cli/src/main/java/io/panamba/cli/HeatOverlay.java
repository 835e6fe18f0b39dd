package io.panamba.cli;

import io.panamba.model.image.ImageException;
import io.panamba.model.image.RgbImage;

/**
 * A map of numbers in 0..1 over a picture, resized bilinearly to its size: colours at half
 * strength, and below the picture a bar of the colours from 0 to 1. Numbers beyond are taken for 0
 * or 1; where one is NaN the picture stays as it is.
 */
final class HeatOverlay {
  /** Colours of 0, 1/4, 1/2, 3/4 and 1: from cold and dark to hot and bright. */
  private static final int[] COLOURS = {0x000060, 0x0090E0, 0x20D070, 0xF8E020, 0xE01010};

  /** Dots around the bar, and of its height. */
  private static final int GAP = 4;

  private static final String LOW = "0";
  private static final String HIGH = "1";

  /** Dots of the shortest bar. */
  private static final int SHORTEST = 16;

  private HeatOverlay() {}

  /**
   * Draws.
   *
   * @param heat by rows
   * @param rows of the map
   * @param columns of the map
   * @throws IllegalArgumentException if there are more or less numbers
   * @throws ImageException if the drawing is too large for an array
   */
  static RgbImage draw(RgbImage image, float[] heat, int rows, int columns) {
    if (rows < 1 || columns < 1 || heat.length != (long) rows * columns) {
      throw new IllegalArgumentException(
          "a map of %s x %s has a number for each place, not %s"
              .formatted(columns, rows, heat.length));
    }
    int dot = Drawing.dot(image);
    int letter = PixelFont.width(LOW);
    int width = Math.max(image.width(), dot * (2 * letter + 4 * GAP + SHORTEST));
    int strip = dot * (PixelFont.HEIGHT + 2 * GAP);
    Drawing drawing = Drawing.on(image, width, (long) image.height() + strip);
    for (int y = 0; y < image.height(); y++) {
      double row = place(y, rows, image.height());
      for (int x = 0; x < image.width(); x++) {
        double value = value(heat, columns, row, place(x, columns, image.width()));
        if (!Double.isNaN(value)) {
          drawing.tint(x, y, colour(value));
        }
      }
    }
    int top = image.height() + dot * GAP;
    int left = dot * (letter + 2 * GAP);
    int bar = width - 2 * left;
    for (int x = 0; x < bar; x++) {
      double value = bar == 1 ? 0 : (double) x / (bar - 1);
      drawing.fill(left + x, top, 1, dot * PixelFont.HEIGHT, colour(value));
    }
    drawing.text(LOW, dot * GAP, top, dot, Drawing.BLACK);
    drawing.text(HIGH, left + bar + dot * GAP, top, dot, Drawing.BLACK);
    return drawing.image();
  }

  /** The place in the map of a pixel's centre. */
  private static double place(int pixel, int in, int out) {
    return Math.clamp((pixel + 0.5) * in / out - 0.5, 0, in - 1);
  }

  private static double value(float[] heat, int columns, double row, double column) {
    int top = (int) row;
    int left = (int) column;
    double upper = across(heat, top * columns, left, columns, column - left);
    return row == top
        ? upper
        : mix(upper, across(heat, (top + 1) * columns, left, columns, column - left), row - top);
  }

  private static double across(float[] heat, int from, int left, int columns, double part) {
    return part == 0 || left + 1 == columns
        ? heat[from + left]
        : mix(heat[from + left], heat[from + left + 1], part);
  }

  private static double mix(double low, double high, double part) {
    return low + (high - low) * part;
  }

  /** Returns the colour of a number. */
  static int colour(double value) {
    double place = Math.clamp(value, 0, 1) * (COLOURS.length - 1);
    int low = Math.min((int) place, COLOURS.length - 2);
    int colour = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      double from = COLOURS[low] >> shift & 255;
      double to = COLOURS[low + 1] >> shift & 255;
      colour |= (int) Math.rint(mix(from, to, place - low)) << shift;
    }
    return colour;
  }
}
