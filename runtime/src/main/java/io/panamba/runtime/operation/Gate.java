package io.panamba.runtime.operation;

import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * A gate: {@code out = gate * x}, element by element. It is the gradient of itself: that of x is
 * the output's gradient times the gate.
 *
 * @param gate rows of columns, float32 or bfloat16
 * @param x as many of the same type
 * @param out likewise; may be gate or x
 */
public record Gate(Columns gate, Columns x, Columns out) implements Operation {
  private static final String NAME = "gate";

  /** Checks shapes. */
  public Gate {
    Checks.present(NAME, "gate", gate);
    Checks.present(NAME, "x", x);
    Checks.present(NAME, "out", out);
    Checks.require(gate.rows() >= 1, NAME, "the gate %s has no rows", gate.tensor());
    requireAlike("x", x, gate);
    requireAlike("out", out, gate);
    Checks.writable(NAME, "out", out.tensor());
    requireSameOrApart(NAME, out, "gate", gate);
    requireSameOrApart(NAME, out, "x", x);
  }

  private static void requireAlike(String name, Columns columns, Columns gate) {
    Checks.require(
        columns.tensor().dtype() == gate.tensor().dtype()
            && columns.rows() == gate.rows()
            && columns.count() == gate.count(),
        NAME,
        "%s has %d columns of %s, the gate %d of %s: their types or sizes differ",
        name,
        columns.count(),
        columns.tensor(),
        gate.count(),
        gate.tensor());
  }

  /** Requires that elements of two operands are one and the same, or that none are. */
  static void requireSameOrApart(String operation, Columns out, String name, Columns other) {
    boolean same =
        !Operand.overlap(out, other)
            || (out.rowStride() == other.rowStride()
                && out.first() == other.first()
                && Operand.samePlace(out, other));
    Checks.require(
        same,
        operation,
        "out %s shares a part of %s %s; expected the same memory or memory of its own",
        out,
        name,
        other);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(gate, x);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
