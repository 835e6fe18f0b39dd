package io.panamba.runtime.operation;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Sums of squares: {@code parts[p]} is that of the {@link #PART} elements from {@code p * PART} on.
 *
 * @param x float32, of any shape
 * @param parts ({@link #parts})
 */
public record Squares(Tensor x, Tensor parts) implements TrainingOperation {
  private static final String NAME = "squares";

  /** Elements that are added up to one part. */
  public static final int PART = 16384;

  /** Checks sizes. */
  public Squares {
    Checks.float32(NAME, "x", x);
    Checks.require(x.shape().elements() > 0, NAME, "x is empty: %s", x);
    Checks.output(NAME, "parts", parts, parts(x.shape().elements()));
    Checks.apart(NAME, "parts", parts, "x", x);
  }

  /**
   * Returns how many parts there are.
   *
   * @param elements of x
   * @return the number of parts
   */
  public static long parts(long elements) {
    return Math.ceilDiv(elements, PART);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(parts);
  }
}
