package io.panamba.model.detection;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;

/**
 * The pixels of a thing on an image. All of them lie in a part of the image, which alone takes
 * memory: a bit for each of its pixels. Immutable.
 *
 * <p>Run lengths are those of COCO's {@code maskApi.c}: of pixels down the columns, from the left
 * column to the right one, the lengths of runs of 0 and of 1 by turns, those of 0 first.
 */
public final class Mask {
  /** Bits of a run length in a character of its compressed form. */
  private static final int DIGIT_BITS = 5;

  private static final int DIGIT = (1 << DIGIT_BITS) - 1;
  private static final int SIGN = 1 << (DIGIT_BITS - 1);
  private static final int MORE = 1 << DIGIT_BITS;

  /** The first run length that is written as the difference to the one two before. */
  private static final int FIRST_DIFFERENCE = 3;

  private static final char ZERO = '0';

  private final int height;
  private final int width;
  private final int left;
  private final int top;
  private final int columns;
  private final int rows;
  private final BitSet inside;

  private Mask(int height, int width, int left, int top, int columns, int rows, BitSet inside) {
    this.height = height;
    this.width = width;
    this.left = left;
    this.top = top;
    this.columns = columns;
    this.rows = rows;
    this.inside = inside;
  }

  /**
   * Makes a mask of the pixels in a part of an image.
   *
   * @param height of the image in pixels
   * @param width of the image in pixels
   * @param left the first column of the part
   * @param top the first row of the part
   * @param columns of the part; 0 if no pixel is inside
   * @param rows of the part; 0 if no pixel is inside
   * @param inside bit {@code column * rows + row} of the part tells whether a pixel is inside;
   *     copied
   * @return the mask
   * @throws IllegalArgumentException if the image is empty or has more than 2^31 - 1 pixels, if the
   *     part is not in it, or if there are bits beyond the part
   */
  public static Mask of(
      int height, int width, int left, int top, int columns, int rows, BitSet inside) {
    if (height < 1 || width < 1 || (long) height * width > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a mask is of an image of 1 to 2^31 - 1 pixels, not of %d x %d".formatted(width, height));
    }
    if (left < 0
        || top < 0
        || columns < 0
        || rows < 0
        || columns > width - left
        || rows > height - top) {
      throw new IllegalArgumentException(
          "no part of %d x %d at (%d, %d) in an image of %d x %d"
              .formatted(columns, rows, left, top, width, height));
    }
    if (inside.length() > columns * rows) {
      throw new IllegalArgumentException(
          "pixel %d is inside, and the part has %d".formatted(inside.length() - 1, columns * rows));
    }
    return new Mask(height, width, left, top, columns, rows, (BitSet) inside.clone());
  }

  /**
   * Returns the height of the image.
   *
   * @return pixels
   */
  public int height() {
    return height;
  }

  /**
   * Returns the width of the image.
   *
   * @return pixels
   */
  public int width() {
    return width;
  }

  /**
   * Tells whether a pixel is inside.
   *
   * @param x its column
   * @param y its row
   * @return whether it is; not for one outside of the image
   */
  public boolean contains(int x, int y) {
    return x >= left
        && y >= top
        && x < left + columns
        && y < top + rows
        && inside.get((x - left) * rows + y - top);
  }

  /**
   * Counts the pixels inside.
   *
   * @return how many there are
   */
  public int area() {
    return inside.cardinality();
  }

  /**
   * Returns the run lengths.
   *
   * @return lengths that add up to the pixels of the image; the first may be 0
   */
  public int[] counts() {
    Runs runs = new Runs();
    for (int column = 0; column < columns; column++) {
      int end = (column + 1) * rows;
      int shift = (left + column) * height + top - column * rows;
      int from = inside.nextSetBit(column * rows);
      while (from >= 0 && from < end) {
        int to = Math.min(inside.nextClearBit(from), end);
        runs.add(from + shift, to + shift);
        from = inside.nextSetBit(to);
      }
    }
    return runs.finish(height * width);
  }

  /** Run lengths under construction. */
  private static final class Runs {
    private int[] counts = new int[64];
    private int size;

    /** Where the last run of 1 ends. */
    private int last;

    void add(int from, int to) {
      if (from == last && size > 0) {
        counts[size - 1] += to - from;
      } else {
        append(from - last);
        append(to - from);
      }
      last = to;
    }

    int[] finish(int pixels) {
      if (last < pixels) {
        append(pixels - last);
      }
      return Arrays.copyOf(counts, size);
    }

    private void append(int count) {
      if (size == counts.length) {
        counts = Arrays.copyOf(counts, 2 * size);
      }
      counts[size++] = count;
    }
  }

  /**
   * Returns the run lengths in COCO's compressed form: from the fourth on the difference to the
   * length two before; of each number 5 bits a character, the low ones first, bit 5 where more
   * follow, the last character's bit 4 being the sign; plus 48.
   *
   * @return ASCII
   */
  public String compressedCounts() {
    int[] counts = counts();
    StringBuilder text = new StringBuilder(2 * counts.length);
    for (int i = 0; i < counts.length; i++) {
      int rest = i < FIRST_DIFFERENCE ? counts[i] : counts[i] - counts[i - 2];
      boolean more;
      do {
        int digit = rest & DIGIT;
        rest >>= DIGIT_BITS;
        more = rest != ((digit & SIGN) == 0 ? 0 : -1);
        text.append((char) (ZERO + (more ? digit | MORE : digit)));
      } while (more);
    }
    return text.toString();
  }

  /** Tells whether the other is a mask of an image of the same size, with the same pixels. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Mask mask
        && mask.height == height
        && mask.width == width
        && Arrays.equals(mask.counts(), counts());
  }

  @Override
  public int hashCode() {
    return Objects.hash(height, width, area());
  }

  /** Writes the size and the number of pixels. */
  @Override
  public String toString() {
    return "%d pixels of %d x %d".formatted(area(), width, height);
  }
}
