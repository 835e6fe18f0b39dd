package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of the parameters of a {@link DepthwiseConv} of side k without gate and activation,
 * image by image:
 *
 * <pre>
 * parameterParts[b, ky, kx] = sum over y, x of x[b, y + ky - k/2, x + kx - k/2] * outGradient[b, y, x]
 * parameterParts[b, k k]    = sum over y, x of outGradient[b, y, x]
 * </pre>
 *
 * <p>That of x is a {@link DepthwiseConv} flipped, without a bias.
 *
 * @param x (batch, pixels, channels), float32
 * @param grid of all of them
 * @param outGradient (batch, pixels, channels), float32
 * @param parameterParts (batch, k * k + 1, channels), k 3, 5 or 7
 */
public record DepthwiseConvGradient(
    Columns x, Grid grid, Columns outGradient, Tensor parameterParts) implements TrainingOperation {
  private static final String NAME = "depthwise conv gradient";

  /** Checks shapes. */
  public DepthwiseConvGradient {
    Checks.present(NAME, "x", x);
    Checks.present(NAME, "grid", grid);
    Checks.present(NAME, "outGradient", outGradient);
    Shape shape = x.tensor().shape();
    Checks.require(
        shape.rank() == 3 && shape.elements() > 0, NAME, "x is %s; expected 3 axes", x.tensor());
    x.require(NAME, "x", DType.F32, shape.size(0), grid.pixels(), x.count());
    outGradient.require(NAME, "outGradient", DType.F32, shape.size(0), grid.pixels(), x.count());
    Shape parts = Checks.rank(NAME, "parameterParts", parameterParts, 3);
    DepthwiseConv.side(NAME, parts.size(1) - 1);
    Checks.output(NAME, "parameterParts", parameterParts, shape.size(0), parts.size(1), x.count());
    Checks.apart(NAME, "parameterParts", parameterParts, "x", x.tensor());
    Checks.apart(NAME, "parameterParts", parameterParts, "outGradient", outGradient.tensor());
  }

  /**
   * Returns the side of the kernel.
   *
   * @return 3, 5 or 7
   */
  public int side() {
    return DepthwiseConv.side(NAME, parameterParts.shape().size(1) - 1);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x, outGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(parameterParts);
  }
}
