package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Mean or maximum of some tokens of every sequence: {@code first, first + step, ...}, {@code count}
 * of them. A count of 1 picks a token.
 *
 * @param kind which of the two; NaN wins a maximum
 * @param input (batch, length, dim)
 * @param first the first token
 * @param count how many
 * @param step from one to the next
 * @param out (batch, dim)
 */
public record Pool(Kind kind, Tensor input, long first, long count, long step, Tensor out)
    implements Operation {
  private static final String NAME = "pool";

  /** The kinds of pooling. */
  public enum Kind {
    /** Arithmetic mean. */
    MEAN,
    /** Maximum, per channel. */
    MAX
  }

  /** Checks shapes. */
  public Pool {
    Checks.present(NAME, "kind", kind);
    Shape shape = Checks.rank(NAME, "input", input, 3);
    Checks.output(NAME, "out", out, shape.size(0), shape.size(2));
    Checks.apart(NAME, "out", out, "input", input);
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
        input);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(input);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
