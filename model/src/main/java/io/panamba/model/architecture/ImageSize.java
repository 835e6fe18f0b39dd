package io.panamba.model.architecture;

/**
 * The size of an image.
 *
 * @param height pixels
 * @param width pixels
 */
public record ImageSize(int height, int width) {
  /**
   * Checks that there are pixels.
   *
   * @throws IllegalArgumentException if there are none
   */
  public ImageSize {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException("no image is of %d x %d".formatted(height, width));
    }
  }

  /**
   * Describes a square.
   *
   * @param side pixels
   * @return the size
   */
  public static ImageSize of(int side) {
    return new ImageSize(side, side);
  }

  /** Writes height and width as {@code 224x320}. */
  @Override
  public String toString() {
    return height + "x" + width;
  }
}
