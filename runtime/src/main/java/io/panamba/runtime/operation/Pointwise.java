package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * A function of every element.
 *
 * @param kind which
 * @param x float32
 * @param out as many rows and columns; x itself is allowed
 */
public record Pointwise(Kind kind, Columns x, Columns out) implements TrainingOperation {
  private static final String NAME = "pointwise";

  /** The functions. */
  public enum Kind {
    /** {@code x / (1 + e^-x)}: a scan's gate, of z. */
    SILU,
    /** {@code -e^x * log2(e)}: a scan's {@code a}, of A_log. */
    DECAY,
    /** {@code x Phi(x)}: see {@link Linear.Activation#GELU}. */
    GELU,
    /** {@code max(x, 0)}: see {@link Linear.Activation#RELU}. */
    RELU
  }

  /** Checks shapes. */
  public Pointwise {
    Checks.present(NAME, "kind", kind);
    Columns.float32(NAME, "x", x);
    Columns.float32(NAME, "out", out);
    Checks.require(
        x.rows() == out.rows() && x.count() == out.count() && x.rows() >= 1,
        NAME,
        "x has %d rows of %d, out %d of %d",
        x.rows(),
        x.count(),
        out.rows(),
        out.count());
    Checks.writable(NAME, "out", out.tensor());
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
