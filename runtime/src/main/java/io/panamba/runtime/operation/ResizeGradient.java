package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link Resize} with a side of 1, without accumulation and activation.
 *
 * @param outGradient (batch, pixels, channels)
 * @param outGrid of its pixels
 * @param corners whether the corners of both maps meet
 * @param accumulate what the old content of the gradient is multiplied by; 0 overwrites it unread
 * @param grid of x
 * @param xGradient (batch, pixels, channels)
 */
public record ResizeGradient(
    Columns outGradient,
    Grid outGrid,
    boolean corners,
    float accumulate,
    Grid grid,
    Columns xGradient)
    implements TrainingOperation {
  private static final String NAME = "resize gradient";

  /** Checks shapes. */
  public ResizeGradient {
    Checks.present(NAME, "grid", grid);
    Checks.present(NAME, "outGrid", outGrid);
    Columns.float32(NAME, "outGradient", outGradient);
    Columns.float32(NAME, "xGradient", xGradient);
    Shape shape = Checks.rank(NAME, "xGradient", xGradient.tensor(), 3);
    xGradient.require(
        NAME, "xGradient", DType.F32, shape.size(0), grid.pixels(), xGradient.count());
    outGradient.require(
        NAME, "outGradient", DType.F32, shape.size(0), outGrid.pixels(), xGradient.count());
    Checks.writable(NAME, "xGradient", xGradient.tensor());
    Checks.apart(NAME, "xGradient", xGradient.tensor(), "outGradient", outGradient.tensor());
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(outGradient, accumulate == 0 ? null : xGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(xGradient);
  }
}
