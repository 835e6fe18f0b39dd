package io.panamba.cli;

import io.panamba.model.image.ImageException;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.HeatMap;
import java.util.List;

/**
 * A map of numbers in 0..1, resized bilinearly, with a strip below: a caption's lines, and a bar of
 * the colours from 0 to 1. Numbers beyond are taken for 0 or 1; where one is NaN the picture stays
 * as it is. A drawing is wider than its picture where a line would not fit.
 */
final class HeatOverlay {
  /** Colours of 0, 1/4, 1/2, 3/4 and 1: from cold and dark to hot and bright. */
  private static final int[] COLOURS = {0x000060, 0x0090E0, 0x20D070, 0xF8E020, 0xE01010};

  /** Dots around lines and the bar. */
  private static final int GAP = 4;

  private static final String LOW = "0";
  private static final String HIGH = "1";

  /** Dots of the shortest bar. */
  private static final int SHORTEST = 16;

  private HeatOverlay() {}

  /**
   * Draws a map over a picture, its colours at half strength.
   *
   * @param caption lines
   * @throws ImageException if the drawing is too large for an array
   */
  static RgbImage over(RgbImage image, HeatMap map, List<String> caption) {
    return draw(image, map, caption, Drawing::tint);
  }

  /**
   * Draws a map alone.
   *
   * @param width of the map's picture
   * @param height of the map's picture
   * @param caption lines
   * @throws ImageException if the drawing is too large for an array
   */
  static RgbImage alone(int width, int height, HeatMap map, List<String> caption) {
    RgbImage black = RgbImage.of(width, height, new byte[width * height * RgbImage.CHANNELS]);
    return draw(black, map, caption, (drawing, x, y, colour) -> drawing.fill(x, y, 1, 1, colour));
  }

  /** How a pixel of the picture takes a colour. */
  private interface Brush {
    void paint(Drawing drawing, int x, int y, int colour);
  }

  private static RgbImage draw(RgbImage image, HeatMap map, List<String> caption, Brush brush) {
    int dot = Drawing.dot(image);
    int letter = PixelFont.width(LOW);
    int widest = 2 * letter + 2 * GAP + SHORTEST;
    for (String line : caption) {
      widest = Math.max(widest, PixelFont.width(line));
    }
    int width = Math.max(image.width(), dot * (widest + 2 * GAP));
    int line = dot * (PixelFont.HEIGHT + GAP);
    long strip = (long) line * (caption.size() + 1) + dot * (long) GAP;
    Drawing drawing = Drawing.on(image, width, image.height() + strip);
    for (int y = 0; y < image.height(); y++) {
      double row = place(y, map.height(), image.height());
      for (int x = 0; x < image.width(); x++) {
        double value = value(map, row, place(x, map.width(), image.width()));
        if (!Double.isNaN(value)) {
          brush.paint(drawing, x, y, colour(value));
        }
      }
    }
    int top = image.height() + dot * GAP;
    for (String text : caption) {
      drawing.text(text, dot * GAP, top, dot, Drawing.BLACK);
      top += line;
    }
    int left = dot * (letter + 2 * GAP);
    int bar = width - 2 * left;
    for (int x = 0; x < bar; x++) {
      double value = (double) x / (bar - 1);
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

  private static double value(HeatMap map, double row, double column) {
    float[] heat = map.values();
    int columns = map.width();
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
