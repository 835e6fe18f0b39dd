package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;

/**
 * The sides of an image whose pixels are the rows of a sequence, row by row.
 *
 * @param height rows of pixels
 * @param width pixels of a row
 */
public record Grid(long height, long width) {
  /** Checks that there are pixels. */
  public Grid {
    Checks.require(
        height >= 1 && width >= 1 && height <= Integer.MAX_VALUE && width <= Integer.MAX_VALUE,
        "grid",
        "%d x %d is no size of a grid",
        height,
        width);
  }

  /**
   * Returns the number of pixels.
   *
   * @return height times width
   */
  public long pixels() {
    return height * width;
  }

  @Override
  public String toString() {
    return height + " x " + width;
  }
}
