package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Bilinear resize of a map, without smoothing ({@code torch.nn.functional.interpolate}):
 *
 * <pre>
 * out[b, y, x] = activation(accumulate * out[b, y, x] + resized[b, y, x])
 * </pre>
 *
 * where pixel i of an axis comes from position {@code max((i + 1/2) size / outSize - 1/2, 0)} of
 * the other, or, where corners meet, from {@code i (size - 1) / (outSize - 1)}.
 *
 * <p>With a side of 3, pixels of x hold their products with the nine taps of a convolution, and
 *
 * <pre>
 * out[b, y, x] = activation(accumulate * out[b, y, x]
 *     + sum over ky, kx of resized[ky, kx][b, y + ky - 1, x + kx - 1])
 * </pre>
 *
 * with zeros around the resized map: that convolution of the resized map, since a product of every
 * pixel commutes with a resize.
 *
 * @param x (batch, pixels, side * side * channels), float32, tap after tap
 * @param grid of x
 * @param side 1 or 3
 * @param corners whether the corners of both maps meet ({@code align_corners})
 * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread
 * @param activation what the result passes through
 * @param outGrid of the output
 * @param out (batch, pixels, channels), float32; not x's memory
 */
public record Resize(
    Columns x,
    Grid grid,
    int side,
    boolean corners,
    float accumulate,
    Linear.Activation activation,
    Grid outGrid,
    Columns out)
    implements Operation {
  private static final String NAME = "resize";

  /** Checks shapes. */
  public Resize {
    Checks.present(NAME, "grid", grid);
    Checks.present(NAME, "outGrid", outGrid);
    Checks.present(NAME, "activation", activation);
    Columns.float32(NAME, "x", x);
    Columns.float32(NAME, "out", out);
    Checks.require(side == 1 || side == 3, NAME, "a side of %d; expected 1 or 3", side);
    Shape shape = Checks.rank(NAME, "x", x.tensor(), 3);
    x.require(NAME, "x", DType.F32, shape.size(0), grid.pixels(), (long) side * side * out.count());
    out.require(NAME, "out", DType.F32, shape.size(0), outGrid.pixels(), out.count());
    Checks.writable(NAME, "out", out.tensor());
    Checks.apart(NAME, "out", out.tensor(), "x", x.tensor());
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x, accumulate == 0 ? null : out);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
