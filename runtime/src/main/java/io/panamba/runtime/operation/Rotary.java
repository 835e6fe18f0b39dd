package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Rotary position embedding on adjacent pairs, as {@code vim/rope.py}: {@code out[2j] = x[2j]
 * cos[2j] - x[2j+1] sin[2j]} and {@code out[2j+1] = x[2j+1] cos[2j+1] + x[2j] sin[2j+1]}, for as
 * many tokens from {@code first} on as there are positions. The other tokens are copied.
 *
 * @param x (batch, length, dim), dim even
 * @param cos (positions, dim)
 * @param sin (positions, dim)
 * @param first the first token that is rotated
 * @param out of x's shape; x itself to rotate in place
 */
public record Rotary(Tensor x, Tensor cos, Tensor sin, long first, Tensor out)
    implements Operation {
  private static final String NAME = "rotary";

  /** Checks shapes. */
  public Rotary {
    Shape shape = Checks.rank(NAME, "x", x, 3);
    long positions = Checks.rank(NAME, "cos", cos, 2).size(0);
    Checks.shape(NAME, "cos", cos, positions, shape.size(2));
    Checks.shape(NAME, "sin", sin, positions, shape.size(2));
    Checks.output(NAME, "out", out, shape.toArray());
    Checks.require(shape.size(2) % 2 == 0, NAME, "pairs need an even dim; x is %s", x);
    Checks.require(
        first >= 0 && positions <= shape.size(1) - first,
        NAME,
        "%d positions from token %d do not fit %s",
        positions,
        first,
        x);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x, cos, sin);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
