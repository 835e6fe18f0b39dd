package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link WindowPool}. Of a maximum it goes to the first of the largest pixels of
 * a window, row by row, or to the first NaN.
 *
 * @param windows which
 * @param x (batch, pixels, channels) for a maximum, null for a mean
 * @param grid of x
 * @param outGradient (batch, windows, channels)
 * @param xGradient (batch, pixels, channels)
 */
public record WindowPoolGradient(
    WindowPool.Windows windows, Columns x, Grid grid, Tensor outGradient, Tensor xGradient)
    implements TrainingOperation {
  private static final String NAME = "window pool gradient";

  /** Checks shapes. */
  public WindowPoolGradient {
    Checks.present(NAME, "windows", windows);
    Checks.present(NAME, "grid", grid);
    Shape shape = Checks.rank(NAME, "xGradient", xGradient, 3);
    Checks.output(NAME, "xGradient", xGradient, shape.size(0), grid.pixels(), shape.size(2));
    Checks.shape(
        NAME,
        "outGradient",
        outGradient,
        shape.size(0),
        windows.over(grid).pixels(),
        shape.size(2));
    Checks.apart(NAME, "xGradient", xGradient, "outGradient", outGradient);
    if (windows.kind() == Pool.Kind.MAX) {
      Columns.float32(NAME, "x", x);
      x.require(NAME, "x", DType.F32, shape.size(0), grid.pixels(), shape.size(2));
      Checks.apart(NAME, "xGradient", xGradient, "x", x.tensor());
    } else {
      Checks.require(x == null, NAME, "a mean needs no x, and %s is given", x);
    }
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
