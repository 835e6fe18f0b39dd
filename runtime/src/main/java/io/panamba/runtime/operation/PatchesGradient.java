package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of {@link Patches}: of each pixel the sum of the gradients of the patches that hold
 * it, in the order of the patches, and 0 where none does. Of a {@link PatchEmbedding}, {@code
 * outGradient . weight}, a {@link Product}, is the gradient of the patches.
 *
 * @param patchGradient (batch, length, colours * patch * patch); length = grid area + class tokens,
 *     whose rows are not read
 * @param classIndex ascending places of the class tokens in the sequence
 * @param patch side of a patch in pixels
 * @param stride pixels between patches
 * @param padding zeros on every side of the image, fewer than a patch has pixels
 * @param imageGradient (batch, colours, height, width)
 */
public record PatchesGradient(
    Tensor patchGradient,
    PatchEmbedding.ClassIndex classIndex,
    long patch,
    long stride,
    long padding,
    Tensor imageGradient)
    implements TrainingOperation {
  private static final String NAME = "patches gradient";

  /** Checks shapes. */
  public PatchesGradient {
    Checks.present(NAME, "classIndex", classIndex);
    Shape pixels = Checks.rank(NAME, "imageGradient", imageGradient, 4);
    Checks.writable(NAME, "imageGradient", imageGradient);
    long length = PatchEmbedding.length(NAME, imageGradient, patch, stride, padding, classIndex);
    Checks.shape(
        NAME,
        "patchGradient",
        patchGradient,
        pixels.size(0),
        length,
        pixels.size(1) * patch * patch);
    Checks.apart(NAME, "imageGradient", imageGradient, "patchGradient", patchGradient);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(patchGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(imageGradient);
  }
}
