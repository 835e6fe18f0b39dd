package io.panamba.model.image;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;

/**
 * Square inputs of networks that see a part of a picture: what is beyond the picture is 0 after
 * normalisation.
 */
final class PaddedInput {
  private PaddedInput() {}

  /**
   * Writes a part of a picture.
   *
   * @param left the first column of the part, in the picture
   * @param top the first row of the part, in the picture
   * @param side of the part
   * @param normalisation of samples
   * @param target float32 (3, side, side) or (1, 3, side, side)
   * @throws ShapeException if the target has another shape or type; nothing has been written then
   * @throws ImageException if the part begins outside of the picture
   */
  static void write(
      RgbImage image, int left, int top, int side, Normalisation normalisation, Tensor target) {
    Shape shape = target.shape();
    int first = shape.rank() - 3;
    if (target.dtype() != DType.F32
        || (first != 0 && (first != 1 || shape.size(0) != 1))
        || shape.size(first) != Normalisation.CHANNELS
        || shape.size(first + 1) != side
        || shape.size(first + 2) != side) {
      throw new ShapeException(
          "the input of a picture is F32, (3, %d, %d) or (1, 3, %d, %d), not %s"
              .formatted(side, side, side, side, target));
    }
    if (left < 0 || top < 0 || left >= image.width() || top >= image.height()) {
      throw new ImageException(
          "no part of a picture of %s begins at (%d, %d)".formatted(image, left, top));
    }
    normalisation.writePart(image, left, top, side, target);
  }
}
