package io.panamba.runtime.operation;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The norm of a gradient, of its {@link Squares}, and the factor that clips it: {@code result[0] =
 * sqrt(sum of parts)}, {@code result[1] = min(1, limit / (result[0] + 1e-6))}.
 *
 * @param parts float32, of any shape
 * @param limit the largest norm, above 0; infinite for none
 * @param result (2)
 */
public record Clip(Tensor parts, float limit, Tensor result) implements TrainingOperation {
  private static final String NAME = "clip";

  /** Checks sizes. */
  public Clip {
    Checks.float32(NAME, "parts", parts);
    Checks.require(parts.shape().elements() > 0, NAME, "parts are empty: %s", parts);
    Checks.output(NAME, "result", result, 2);
    Checks.apart(NAME, "result", result, "parts", parts);
    Checks.require(limit > 0, NAME, "the limit is %s; expected more than 0", limit);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(parts);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(result);
  }
}
