package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Patch merging (Swin, arXiv 2103.14030, section 3.1; VMamba, arXiv 2401.10166): every 2 x 2 pixels
 * as one, with zeros below and at the right of odd sides:
 *
 * <pre>
 * out[b, y, x] = [x[b, 2y, 2x], x[b, 2y + 1, 2x], x[b, 2y, 2x + 1], x[b, 2y + 1, 2x + 1]]
 * </pre>
 *
 * <p>Reversed it writes x from out: its gradient.
 *
 * @param x (batch, pixels, channels), float32
 * @param grid of x
 * @param reversed whether x is written, and not out
 * @param out (batch, ceil(height / 2) * ceil(width / 2), 4 * channels), float32
 */
public record PatchMerging(Tensor x, Grid grid, boolean reversed, Tensor out) implements Operation {
  private static final String NAME = "patch merging";

  /** Checks shapes. */
  public PatchMerging {
    Checks.present(NAME, "grid", grid);
    Shape shape = Checks.rank(NAME, "x", x, 3);
    Checks.shape(NAME, "x", x, shape.size(0), grid.pixels(), shape.size(2));
    Checks.shape(NAME, "out", out, shape.size(0), merged(grid).pixels(), 4 * shape.size(2));
    Checks.writable(NAME, reversed ? "x" : "out", reversed ? x : out);
    Checks.apart(NAME, "out", out, "x", x);
  }

  /**
   * Tells what becomes of a grid.
   *
   * @param grid of pixels
   * @return half as many rows and columns, rounded up
   */
  public static Grid merged(Grid grid) {
    return new Grid(Math.ceilDiv(grid.height(), 2), Math.ceilDiv(grid.width(), 2));
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(reversed ? out : x);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(reversed ? x : out);
  }
}
