package io.panamba.model.architecture;

/**
 * The patches of an image.
 *
 * @param height rows
 * @param width columns
 */
public record PatchGrid(int height, int width) {
  /**
   * Cuts an image into patches; pixels that are left over at its right and lower edges are unused.
   *
   * @param image pixels
   * @param patch side of a patch in pixels
   * @param stride pixels between patches
   * @return the grid
   * @throws IllegalArgumentException if the image is smaller than a patch
   */
  public static PatchGrid of(ImageSize image, int patch, int stride) {
    if (image.height() < patch || image.width() < patch) {
      throw new IllegalArgumentException(
          "images of %d x %d are smaller than a patch of %d"
              .formatted(image.height(), image.width(), patch));
    }
    return new PatchGrid(
        (image.height() - patch) / stride + 1, (image.width() - patch) / stride + 1);
  }

  /**
   * Returns the number of patches.
   *
   * @return M
   */
  public long patches() {
    return (long) height * width;
  }

  /**
   * Requires a grid that a position embedding can be trained for.
   *
   * @throws IllegalArgumentException if it is no square
   */
  public void requireSquare() {
    if (height != width) {
      throw new IllegalArgumentException(
          "weights are made for a square grid of patches, not for %d x %d; a network made for a square one runs on other images too"
              .formatted(height, width));
    }
  }
}
