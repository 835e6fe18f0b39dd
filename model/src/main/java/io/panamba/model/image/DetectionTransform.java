package io.panamba.model.image;

import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;

/**
 * Makes the input of a detector as detectron2 does for ViTDet's recipe: Pillow's bilinear resize so
 * that the longer side of the picture is that of the input, ImageNet's normalisation, then zeros at
 * the right and at the bottom. Immutable, and usable from many threads at once.
 *
 * <p>Pictures are expected {@linkplain ImageDecoder#upright() upright}.
 */
public final class DetectionTransform {
  private final int side;
  private final Normalisation normalisation;

  /**
   * Creates the transform for an input.
   *
   * @param side of the input in pixels
   * @throws IllegalArgumentException if it is less than 1
   */
  public DetectionTransform(int side) {
    this(side, Preprocessing.IMAGENET);
  }

  /**
   * Creates the transform for an input with a mean and a deviation.
   *
   * @param side of the input in pixels
   * @param preparation whose mean and deviation are taken, and nothing else
   * @throws IllegalArgumentException if the side is less than 1
   */
  public DetectionTransform(int side, Preprocessing preparation) {
    if (side < 1) {
      throw new IllegalArgumentException(
          "an input has pixels; a side of %d was given".formatted(side));
    }
    this.side = side;
    this.normalisation =
        new Normalisation(preparation.mean().toArray(), preparation.deviation().toArray());
  }

  /**
   * Returns the side of the input.
   *
   * @return pixels
   */
  public int side() {
    return side;
  }

  /**
   * Resizes a picture.
   *
   * @param image the picture
   * @return the resized picture, the one that is given if it has the size; its size is what boxes
   *     are cut off at; a side is at least 1
   */
  public RgbImage resize(RgbImage image) {
    // In the order of detectron2's ResizeShortestEdge, whose roundings these are.
    double factor = (double) side / Math.min(image.width(), image.height());
    double width = image.width() < image.height() ? side : factor * image.width();
    double height = image.width() < image.height() ? factor * image.height() : side;
    double longer = Math.max(width, height);
    if (longer > side) {
      double smaller = side / longer;
      width *= smaller;
      height *= smaller;
    }
    return image.resize(
        Resampler.Filter.BILINEAR,
        Math.max((int) (width + 0.5), 1),
        Math.max((int) (height + 0.5), 1));
  }

  /**
   * Writes the input.
   *
   * @param resized the picture, as {@link #resize} gives it
   * @param target float32 (3, side, side) or (1, 3, side, side): red, green and blue planes
   * @throws ShapeException if the target has another shape or type; nothing has been written then
   */
  public void write(RgbImage resized, Tensor target) {
    PaddedInput.write(resized, 0, 0, side, normalisation, target);
  }
}
