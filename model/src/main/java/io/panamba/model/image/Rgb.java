package io.panamba.model.image;

import java.util.Optional;

/**
 * A number for each colour.
 *
 * @param red of red
 * @param green of green
 * @param blue of blue
 */
public record Rgb(float red, float green, float blue) {
  /** Of a number in a text, so that no text is read for long. */
  private static final int MAX_DIGITS = 40;

  /**
   * Names numbers.
   *
   * @param numbers three, of red, green and blue
   * @return the same
   * @throws IllegalArgumentException if there are more or less
   */
  public static Rgb of(float... numbers) {
    if (numbers.length != 3) {
      throw new IllegalArgumentException(
          "there are three colours, not %d".formatted(numbers.length));
    }
    return new Rgb(numbers[0], numbers[1], numbers[2]);
  }

  /**
   * Reads {@code R,G,B}.
   *
   * @param text three decimal numbers
   * @return empty if it is anything else
   */
  public static Optional<Rgb> parse(String text) {
    String[] parts = text.split(",", -1);
    if (parts.length != 3) {
      return Optional.empty();
    }
    float[] numbers = new float[parts.length];
    for (int i = 0; i < parts.length; i++) {
      String part = parts[i].strip();
      if (part.length() > MAX_DIGITS || !part.matches("-?[0-9]*\\.?[0-9]+([eE][-+]?[0-9]+)?")) {
        return Optional.empty();
      }
      numbers[i] = Float.parseFloat(part);
    }
    return Optional.of(of(numbers));
  }

  /**
   * Returns the numbers.
   *
   * @return of red, green and blue
   */
  public float[] toArray() {
    return new float[] {red, green, blue};
  }

  /** Writes {@code R,G,B}, as {@link #parse} reads it. */
  @Override
  public String toString() {
    return red + "," + green + "," + blue;
  }
}
