package io.panamba.runtime.operation;

import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Packs a matrix that has changed since {@link Device#pack} made its packed form.
 *
 * @param source of the packed matrix's size
 * @param out the packed matrix
 */
public record Pack(MatrixSource source, PackedMatrix out) implements TrainingOperation {
  private static final String NAME = "pack";

  /** Checks sizes. */
  public Pack {
    Checks.present(NAME, "source", source);
    Checks.present(NAME, "out", out);
    Checks.require(
        source.columns() == out.columns() && source.depth() == out.depth() && out.count() == 1,
        NAME,
        "the source is (%d, %d), the matrix is %s",
        source.columns(),
        source.depth(),
        out);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(source, source.rowScale());
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
