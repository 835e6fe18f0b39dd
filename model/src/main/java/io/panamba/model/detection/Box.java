package io.panamba.model.detection;

/**
 * A rectangle on an image, in pixels from the upper left corner of the upper left pixel.
 *
 * @param x0 the left side
 * @param y0 the upper side
 * @param x1 the right side, not left of {@code x0}
 * @param y1 the lower side, not above {@code y0}
 */
public record Box(float x0, float y0, float x1, float y1) {
  /**
   * Checks the order of the sides.
   *
   * @throws IllegalArgumentException if a side is not finite or the sides are in the other order
   */
  public Box {
    if (!(Float.isFinite(x0) && Float.isFinite(y0) && Float.isFinite(x1) && Float.isFinite(y1))
        || x1 < x0
        || y1 < y0) {
      throw new IllegalArgumentException(
          "a box has finite sides in their order, not (%s, %s, %s, %s)".formatted(x0, y0, x1, y1));
    }
  }

  /**
   * Returns the width.
   *
   * @return pixels
   */
  public float width() {
    return x1 - x0;
  }

  /**
   * Returns the height.
   *
   * @return pixels
   */
  public float height() {
    return y1 - y0;
  }

  /**
   * Tells whether the box has no area.
   *
   * @return whether width or height is 0
   */
  public boolean isEmpty() {
    return !(x1 > x0 && y1 > y0);
  }
}
