package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link CausalConv} of every row. What came before SiLU is computed again from
 * x.
 *
 * @param x (batch, length, channels), as in the convolution
 * @param xGradient (batch, length, channels): the sum of both directions
 * @param forward the direction from first to last, or null
 * @param backward the direction from last to first, or null
 */
public record ConvGradient(Columns x, Columns xGradient, Direction forward, Direction backward)
    implements TrainingOperation {
  private static final String NAME = "conv gradient";

  /**
   * One direction.
   *
   * @param weight (kernel, channels)
   * @param bias (channels) or null
   * @param outGradient (batch, length, channels)
   * @param parameterParts (batch, kernel + 1, channels): the sum over images holds the gradients of
   *     weight and of bias
   */
  public record Direction(Tensor weight, Tensor bias, Tensor outGradient, Tensor parameterParts) {}

  /** Checks shapes. */
  public ConvGradient {
    Columns.float32(NAME, "x", x);
    Columns.float32(NAME, "xGradient", xGradient);
    Shape shape = Checks.rank(NAME, "x", x.tensor(), 3);
    xGradient.require(NAME, "xGradient", DType.F32, shape.size(0), shape.size(1), x.count());
    Checks.writable(NAME, "xGradient", xGradient.tensor());
    Checks.apart(NAME, "xGradient", xGradient.tensor(), "x", x.tensor());
    Checks.require(forward != null || backward != null, NAME, "no direction");
    long kernel =
        Checks.rank(NAME, "weight", (forward != null ? forward : backward).weight(), 2).size(0);
    Checks.require(
        kernel >= 2 && kernel <= CausalConv.MAX_KERNEL,
        NAME,
        "kernels have 2 to %d rows, not %d",
        CausalConv.MAX_KERNEL,
        kernel);
    for (Direction direction : new Direction[] {forward, backward}) {
      if (direction != null) {
        Checks.shape(NAME, "weight", direction.weight(), kernel, x.count());
        Checks.optional(NAME, "bias", direction.bias(), x.count());
        Tensor outGradient = direction.outGradient();
        Checks.shape(NAME, "outGradient", outGradient, shape.size(0), shape.size(1), x.count());
        Checks.apart(NAME, "outGradient", outGradient, "xGradient", xGradient.tensor());
        Checks.output(
            NAME,
            "parameterParts",
            direction.parameterParts(),
            shape.size(0),
            kernel + 1,
            x.count());
      }
    }
  }

  /**
   * Returns the kernel's width.
   *
   * @return 2 to 4
   */
  public int kernel() {
    return (int) (forward != null ? forward : backward).weight().shape().size(0);
  }

  @Override
  public List<Operand> reads() {
    List<Operand> reads = Operand.of(x);
    for (Direction direction : directions()) {
      reads.addAll(Operand.of(direction.weight, direction.bias, direction.outGradient));
    }
    return reads;
  }

  @Override
  public List<Operand> writes() {
    List<Operand> writes = Operand.of(xGradient);
    directions().forEach(direction -> writes.add(direction.parameterParts));
    return writes;
  }

  private List<Direction> directions() {
    return forward == null
        ? List.of(backward)
        : backward == null ? List.of(forward) : List.of(forward, backward);
  }
}
