package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Rows in another type: {@code out = x}, rounded to nearest even from float32 to bfloat16.
 *
 * @param x rows of columns, float32 or bfloat16
 * @param out as many of either type; not x's memory
 */
public record Convert(Columns x, Columns out) implements Operation {
  private static final String NAME = "convert";

  /** Checks shapes. */
  public Convert {
    Checks.present(NAME, "x", x);
    Checks.present(NAME, "out", out);
    Checks.require(x.rows() >= 1, NAME, "x %s has no rows", x.tensor());
    Checks.require(
        out.rows() == x.rows() && out.count() == x.count(),
        NAME,
        "out has %d columns of %s, x %d of %s: their sizes differ",
        out.count(),
        out.tensor(),
        x.count(),
        x.tensor());
    Checks.writable(NAME, "out", out.tensor());
    Checks.apart(NAME, "out", out.tensor(), "x", x.tensor());
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
