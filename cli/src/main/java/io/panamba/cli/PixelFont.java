package io.panamba.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Letters of 5 x 8 dots for the printable characters of ASCII; any other is drawn as a frame. A
 * resource has a line for each: the character, and its rows from the top.
 */
final class PixelFont {
  /** Dots from the start of one letter to that of the next. */
  static final int ADVANCE = 6;

  /** Dots of a letter's height, with what hangs below the line. */
  static final int HEIGHT = 8;

  private static final int WIDTH = 5;
  private static final String RESOURCE = "font.txt";
  private static final char FIRST = ' ';
  private static final String[] FRAME = {
    "#####", "#...#", "#...#", "#...#", "#...#", "#...#", "#####", "....."
  };
  private static final List<String[]> LETTERS = read();

  private PixelFont() {}

  private static List<String[]> read() {
    try (InputStream stream = PixelFont.class.getResourceAsStream(RESOURCE)) {
      return new String(stream.readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .map(line -> Arrays.copyOfRange(line.substring(1).split(" ", -1), 1, HEIGHT + 1))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the dots of a text's width, without a gap at its end. */
  static int width(String text) {
    return text.isEmpty() ? 0 : text.length() * ADVANCE - (ADVANCE - WIDTH);
  }

  /** Tells whether a letter has a dot, of 0 to 4 from the left and 0 to 7 from the top. */
  static boolean hasDot(char letter, int x, int y) {
    int index = letter - FIRST;
    String[] rows = index >= 0 && index < LETTERS.size() ? LETTERS.get(index) : FRAME;
    return rows[y].charAt(x) == '#';
  }

  /** Calls back for every dot of a text. */
  static void draw(String text, Dot dot) {
    for (int i = 0; i < text.length(); i++) {
      for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
          if (hasDot(text.charAt(i), x, y)) {
            dot.at(i * ADVANCE + x, y);
          }
        }
      }
    }
  }

  /** What is done for a dot. */
  interface Dot {
    void at(int x, int y);
  }
}
