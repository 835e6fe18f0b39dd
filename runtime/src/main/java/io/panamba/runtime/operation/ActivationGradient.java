package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of an activation: {@code xGradient = outGradient * activation'(x)}.
 *
 * @param activation which, {@link Linear.Activation#NONE} excepted
 * @param x what was activated, float32
 * @param outGradient as many rows and columns
 * @param xGradient likewise; {@code outGradient} itself is allowed, x's memory is not
 */
public record ActivationGradient(
    Linear.Activation activation, Columns x, Columns outGradient, Columns xGradient)
    implements TrainingOperation {
  private static final String NAME = "activation gradient";

  /** Checks shapes. */
  public ActivationGradient {
    Checks.present(NAME, "activation", activation);
    Checks.require(
        activation != Linear.Activation.NONE, NAME, "%s has no gradient of its own", activation);
    Columns.float32(NAME, "x", x);
    Columns.float32(NAME, "outGradient", outGradient);
    Columns.float32(NAME, "xGradient", xGradient);
    Checks.require(x.rows() >= 1, NAME, "x %s has no rows", x.tensor());
    requireAlike("outGradient", outGradient, x);
    requireAlike("xGradient", xGradient, x);
    Checks.writable(NAME, "xGradient", xGradient.tensor());
    Checks.apart(NAME, "xGradient", xGradient.tensor(), "x", x.tensor());
    if (!xGradient.equals(outGradient)) {
      Checks.apart(NAME, "xGradient", xGradient.tensor(), "outGradient", outGradient.tensor());
    }
  }

  private static void requireAlike(String name, Columns columns, Columns x) {
    Checks.require(
        columns.rows() == x.rows() && columns.count() == x.count(),
        NAME,
        "x has %d rows of %d, %s %d of %d",
        x.rows(),
        x.count(),
        name,
        columns.rows(),
        columns.count());
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x, outGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(xGradient);
  }
}
