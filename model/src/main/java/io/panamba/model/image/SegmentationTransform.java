package io.panamba.model.image;

import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;

/**
 * Makes the input of a segmentation network as mmsegmentation does for Vim's recipe: OpenCV's
 * bilinear resize of bytes, ImageNet's normalisation, square windows. Of a window of side S the
 * shorter side of the picture becomes S, unless the longer one would exceed 4 S then; that becomes
 * 4 S. Immutable, and usable from many threads at once.
 *
 * <p>Pictures are expected {@linkplain ImageDecoder#upright() upright}.
 */
public final class SegmentationTransform {
  /** How much longer than the window the longer side of a picture may be. */
  private static final double LONGEST = 4;

  /** What sides are a multiple of where the whole picture is seen at once. */
  private static final int WHOLE = 32;

  private final int side;
  private final Normalisation normalisation;

  /**
   * Creates the transform for a window.
   *
   * @param side of the window in pixels
   * @throws IllegalArgumentException if it is less than 1
   */
  public SegmentationTransform(int side) {
    this(side, Preprocessing.IMAGENET);
  }

  /**
   * Creates the transform for a window with a mean and a deviation.
   *
   * @param side of the window in pixels
   * @param preparation whose mean and deviation are taken, and nothing else
   * @throws IllegalArgumentException if the side is less than 1
   */
  public SegmentationTransform(int side, Preprocessing preparation) {
    if (side < 1) {
      throw new IllegalArgumentException(
          "a window has pixels; a side of %d was given".formatted(side));
    }
    this.side = side;
    this.normalisation =
        new Normalisation(preparation.mean().toArray(), preparation.deviation().toArray());
  }

  /**
   * Returns the side of a window.
   *
   * @return pixels
   */
  public int side() {
    return side;
  }

  /**
   * Resizes a picture for windows.
   *
   * @param image the picture
   * @return the resized picture, the one that is given if it has the size; a side is at least 1
   * @throws ImageException if it would be too large for an array
   */
  public RgbImage resize(RgbImage image) {
    return resize(image, 1);
  }

  /**
   * Resizes a picture to another size than windows are made of, as training does.
   *
   * @param image the picture
   * @param scale of its sides, of those that {@link #resize(RgbImage)} gives; above 0
   * @return the resized picture, the one that is given if it has the size; a side is at least 1
   * @throws ImageException if it would be too large for an array
   */
  public RgbImage resize(RgbImage image, double scale) {
    double factor = factor(image) * scale;
    return FixedPointResizer.resize(
        image, scaled(image.width(), factor), scaled(image.height(), factor));
  }

  /**
   * Resizes a picture to be seen as a whole: as for windows, with sides that are rounded to a
   * multiple of 32.
   *
   * @param image the picture
   * @return the resized picture, the one that is given if it has the size
   * @throws ImageException if it would be too large for an array
   */
  public RgbImage resizeWhole(RgbImage image) {
    double factor = factor(image);
    return FixedPointResizer.resize(
        image, rounded(scaled(image.width(), factor)), rounded(scaled(image.height(), factor)));
  }

  private double factor(RgbImage image) {
    double shorter = Math.min(image.width(), image.height());
    double longer = Math.max(image.width(), image.height());
    return Math.min(LONGEST * side / longer, side / shorter);
  }

  private static int scaled(int size, double factor) {
    return Math.max((int) (size * factor + 0.5), 1);
  }

  private static int rounded(int size) {
    return Math.max((size + WHOLE / 2) / WHOLE, 1) * WHOLE;
  }

  /**
   * Writes what a window sees of a resized picture; beyond it there are zeros.
   *
   * @param resized the picture, as {@link #resize} gives it
   * @param left the window's first column
   * @param top the window's first row
   * @param target float32 (3, side, side) or (1, 3, side, side): red, green and blue planes
   * @throws ShapeException if the target has another shape or type; nothing has been written then
   * @throws ImageException if the window begins outside of the picture
   */
  public void writeWindow(RgbImage resized, int left, int top, Tensor target) {
    PaddedInput.write(resized, left, top, side, normalisation, target);
  }
}
