package io.panamba.model.segmentation;

import java.util.List;
import java.util.Optional;

/** Colours of classes. Immutable. */
public final class Palette {
  private static final int LARGEST = 0xFFFFFF;

  private final int[] colours;

  private Palette(int[] colours) {
    this.colours = colours;
  }

  /**
   * Makes a palette of colours.
   *
   * @param colours of each class, {@code 0xRRGGBB}
   * @return the palette
   * @throws IllegalArgumentException if one is no such number
   */
  public static Palette of(int... colours) {
    for (int colour : colours) {
      if (colour < 0 || colour > LARGEST) {
        throw new IllegalArgumentException("a colour is 0xRRGGBB, not 0x%X".formatted(colour));
      }
    }
    return new Palette(colours.clone());
  }

  /**
   * Reads colours as checkpoints have them.
   *
   * @param text RRGGBB in a line each
   * @param classes of the network
   * @return the palette, or nothing if there is not one colour for each class
   */
  public static Optional<Palette> parse(String text, int classes) {
    List<String> lines = text.lines().toList();
    return lines.size() == classes && lines.stream().allMatch(line -> line.matches("[0-9A-F]{6}"))
        ? Optional.of(of(lines.stream().mapToInt(line -> Integer.parseInt(line, 16)).toArray()))
        : Optional.empty();
  }

  /**
   * Makes colours that differ, without black: PASCAL VOC's from the second on. Three bits of the
   * number of a class after the other become the highest bits of red, green and blue that are left.
   *
   * @param classes how many, at most {@link LabelMap#MAX_CLASSES}
   * @return a palette of as many colours
   * @throws IllegalArgumentException if there are none, or more
   */
  public static Palette generated(int classes) {
    if (classes < 1 || classes > LabelMap.MAX_CLASSES) {
      throw new IllegalArgumentException(
          "a palette is made for 1 to %d classes, not %d".formatted(LabelMap.MAX_CLASSES, classes));
    }
    int[] colours = new int[classes];
    for (int i = 0; i < classes; i++) {
      int rest = i + 1;
      for (int bit = 7; rest != 0; bit--, rest >>= 3) {
        colours[i] |=
            (rest & 1) << (16 + bit) | (rest >> 1 & 1) << (8 + bit) | (rest >> 2 & 1) << bit;
      }
    }
    return new Palette(colours);
  }

  /**
   * Returns how many colours there are.
   *
   * @return the number of colours
   */
  public int size() {
    return colours.length;
  }

  /**
   * Returns the colour of a class.
   *
   * @param classIndex the class, from 0
   * @return {@code 0xRRGGBB}
   * @throws IndexOutOfBoundsException if it has none
   */
  public int colour(int classIndex) {
    return colours[classIndex];
  }
}
