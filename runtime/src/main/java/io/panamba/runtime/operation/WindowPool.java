package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The mean or the maximum of windows of a map, channel by channel. NaN wins a maximum.
 *
 * @param windows which
 * @param x (batch, pixels, channels), float32
 * @param grid of x
 * @param out (batch, windows, channels), float32; not x's memory
 */
public record WindowPool(Windows windows, Columns x, Grid grid, Columns out) implements Operation {
  private static final String NAME = "window pool";

  /**
   * Windows of a map.
   *
   * @param kind the mean of adaptive windows, or the maximum of squares
   * @param height of the result of adaptive windows, or 0
   * @param width likewise
   * @param side of a square, or 0
   * @param stride pixels from one square to the next, or 0
   */
  public record Windows(Pool.Kind kind, int height, int width, int side, int stride) {
    /** Checks that there are windows. */
    public Windows {
      Checks.present(NAME, "kind", kind);
      boolean mean = kind == Pool.Kind.MEAN;
      Checks.require(
          mean
              ? height >= 1 && width >= 1 && side == 0 && stride == 0
              : height == 0 && width == 0 && side >= 1 && stride >= 1,
          NAME,
          "%d x %d windows of side %d, %d apart, are none",
          height,
          width,
          side,
          stride);
    }

    /**
     * The mean of as many windows as wanted ({@code torch.nn.AdaptiveAvgPool2d}): window k of an
     * axis has the pixels from {@code floor(k size / windows)} up to, without, {@code ceil((k + 1)
     * size / windows)}.
     *
     * @param height rows of windows
     * @param width windows of a row
     * @return the windows
     */
    public static Windows adaptive(int height, int width) {
      return new Windows(Pool.Kind.MEAN, height, width, 0, 0);
    }

    /**
     * The maximum of squares ({@code torch.nn.MaxPool2d}). Those of one pixel pick some pixels.
     *
     * @param side of a square
     * @param stride pixels from one to the next
     * @return the windows
     */
    public static Windows maximum(int side, int stride) {
      return new Windows(Pool.Kind.MAX, 0, 0, side, stride);
    }

    /**
     * Tells how many windows a map has.
     *
     * @param grid of the map
     * @return rows and columns
     * @throws io.panamba.runtime.ShapeException if the map is smaller than a window
     */
    public Grid over(Grid grid) {
      if (kind == Pool.Kind.MEAN) {
        return new Grid(height, width);
      }
      Checks.require(
          side <= grid.height() && side <= grid.width(),
          NAME,
          "a window of %d x %d pixels does not fit a map of %s",
          side,
          side,
          grid);
      return new Grid((grid.height() - side) / stride + 1, (grid.width() - side) / stride + 1);
    }
  }

  /** Checks shapes. */
  public WindowPool {
    Checks.present(NAME, "windows", windows);
    Checks.present(NAME, "grid", grid);
    Columns.float32(NAME, "x", x);
    Columns.float32(NAME, "out", out);
    Shape shape = Checks.rank(NAME, "x", x.tensor(), 3);
    x.require(NAME, "x", DType.F32, shape.size(0), grid.pixels(), x.count());
    out.require(NAME, "out", DType.F32, shape.size(0), windows.over(grid).pixels(), x.count());
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
