package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link Pool}. Every row of the input's gradient is written, those that were not
 * pooled with zeros; of equal maxima the first gets it all.
 *
 * @param kind which
 * @param input (batch, length, dim) for a maximum, null for a mean
 * @param first the first token
 * @param count how many
 * @param step from one to the next
 * @param outGradient (batch, dim)
 * @param inputGradient (batch, length, dim)
 */
public record PoolGradient(
    Pool.Kind kind,
    Tensor input,
    long first,
    long count,
    long step,
    Tensor outGradient,
    Tensor inputGradient)
    implements TrainingOperation {
  private static final String NAME = "pool gradient";

  /** Checks shapes. */
  public PoolGradient {
    Checks.present(NAME, "kind", kind);
    Shape shape = Checks.rank(NAME, "inputGradient", inputGradient, 3);
    Checks.writable(NAME, "inputGradient", inputGradient);
    Checks.shape(NAME, "outGradient", outGradient, shape.size(0), shape.size(2));
    Checks.apart(NAME, "inputGradient", inputGradient, "outGradient", outGradient);
    if (kind == Pool.Kind.MAX) {
      Checks.shape(NAME, "input", input, shape.toArray());
      Checks.apart(NAME, "inputGradient", inputGradient, "input", input);
    } else {
      Checks.require(input == null, NAME, "a mean needs no input, and %s is given", input);
    }
    Checks.require(
        first >= 0
            && first < shape.size(1)
            && count >= 1
            && step >= 1
            && (shape.size(1) - 1 - first) / step >= count - 1,
        NAME,
        "%d tokens from %d with step %d do not fit %s",
        count,
        first,
        step,
        inputGradient);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(input, outGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(inputGradient);
  }
}
