package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Softmax cross-entropy with label smoothing (arXiv 1512.00567, section 7), and its gradient:
 *
 * <pre>
 * target         = (1 - smoothing) * [label] + smoothing / classes
 * losses[b]      = -sum target * log softmax(logits[b])
 * logitsGradient = gradientScale * (softmax(logits) - target)
 * </pre>
 *
 * A label of {@link #NO_LABEL} gives a loss of zero, any other that is no class one of NaN; both
 * give gradients of zero.
 *
 * @param logits (batch, classes)
 * @param labels (batch) of I32
 * @param smoothing 0 to 1
 * @param gradientScale 1 / batch for the mean of the losses
 * @param losses (batch)
 * @param logitsGradient (batch, classes), or null if it is not wanted
 */
public record CrossEntropy(
    Tensor logits,
    Tensor labels,
    float smoothing,
    float gradientScale,
    Tensor losses,
    Tensor logitsGradient)
    implements TrainingOperation {
  /** Of what is left out. */
  public static final int NO_LABEL = -1;

  private static final String NAME = "cross entropy";

  /** Checks shapes. */
  public CrossEntropy {
    Shape shape = Checks.rank(NAME, "logits", logits, 2);
    Checks.activation(NAME, "labels", labels, DType.I32, shape.size(0));
    Checks.output(NAME, "losses", losses, shape.size(0));
    Checks.apart(NAME, "losses", losses, "logits", logits);
    if (logitsGradient != null) {
      Checks.output(NAME, "logitsGradient", logitsGradient, shape.toArray());
      Checks.apart(NAME, "logitsGradient", logitsGradient, "logits", logits);
    }
    Checks.require(
        smoothing >= 0 && smoothing <= 1, NAME, "smoothing is %s; expected 0 to 1", smoothing);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(logits, labels);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(losses, logitsGradient);
  }
}
