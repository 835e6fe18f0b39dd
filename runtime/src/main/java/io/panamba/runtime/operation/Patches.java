package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The patches of images as rows, in the order of a {@link PatchEmbedding}'s sequence, the rows of
 * class tokens zero: {@code outGradient^T . patches}, a {@link Product}, is the gradient of the
 * embedding's weight.
 *
 * @param image (batch, colours, height, width)
 * @param classIndex ascending places of the class tokens in the sequence
 * @param patch side of a patch in pixels
 * @param stride pixels between patches
 * @param padding zeros on every side of the image, fewer than a patch has pixels
 * @param out (batch, length, colours * patch * patch); length = grid area + class tokens
 */
public record Patches(
    Tensor image,
    PatchEmbedding.ClassIndex classIndex,
    long patch,
    long stride,
    long padding,
    Tensor out)
    implements TrainingOperation {
  private static final String NAME = "patches";

  /** Checks shapes. */
  public Patches {
    Checks.present(NAME, "classIndex", classIndex);
    Shape pixels = Checks.rank(NAME, "image", image, 4);
    long length = PatchEmbedding.length(NAME, image, patch, stride, padding, classIndex);
    Checks.output(NAME, "out", out, pixels.size(0), length, pixels.size(1) * patch * patch);
    Checks.apart(NAME, "out", out, "image", image);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(image);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
