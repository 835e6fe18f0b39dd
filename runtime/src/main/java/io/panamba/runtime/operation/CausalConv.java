package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.ArrayList;
import java.util.List;

/**
 * Depthwise causal convolution over the length, bias and SiLU, for one or both directions from one
 * read of x (Vim algorithm 1):
 *
 * <pre>
 * forward.out[t]  = silu(bias + sum_k weight[k] * x[t - (kernel - 1) + k])
 * backward.out[t] = silu(bias + sum_k weight[k] * x[t + (kernel - 1) - k])
 * </pre>
 *
 * <p>A long sequence may be run in pieces, some rows of it at a time: the bits are those of one
 * call.
 *
 * @param x (batch, length, channels), float32 or bfloat16; rows outside of it are zero
 * @param first the first row that is computed; rows before it are read alone
 * @param count how many rows are computed; rows after them are read alone
 * @param forward the direction from first to last, or null
 * @param backward the direction from last to first, or null
 */
public record CausalConv(Columns x, long first, long count, Direction forward, Direction backward)
    implements Operation {
  private static final String NAME = "causal conv";

  /** Widest kernel. */
  public static final int MAX_KERNEL = 4;

  /**
   * One direction.
   *
   * @param weight (kernel, channels), kernel 2 to 4; the last row multiplies the current one
   * @param bias (channels) or null
   * @param out (batch, count, channels) of the type of x, not its memory
   */
  public record Direction(Tensor weight, Tensor bias, Tensor out) {}

  /** Checks shapes. */
  public CausalConv {
    Checks.present(NAME, "x", x);
    Checks.require(forward != null || backward != null, NAME, "no direction");
    Shape shape = x.tensor().shape();
    Checks.require(
        shape.rank() == 3 && shape.elements() > 0,
        NAME,
        "x is %s; expected (batch, length, ...)",
        x.tensor());
    Checks.require(
        first >= 0 && count >= 1 && count <= shape.size(1) - first,
        NAME,
        "no %d rows from %d in x %s",
        count,
        first,
        x.tensor());
    long kernel = 0;
    for (Direction direction : new Direction[] {forward, backward}) {
      if (direction == null) {
        continue;
      }
      Shape weight = Checks.rank(NAME, "weight", direction.weight(), 2);
      Checks.require(
          weight.size(0) >= 2
              && weight.size(0) <= MAX_KERNEL
              && (kernel == 0 || kernel == weight.size(0)),
          NAME,
          "kernels have 2 to %d rows, both directions the same; one is %s",
          MAX_KERNEL,
          weight);
      kernel = weight.size(0);
      Checks.shape(NAME, "weight", direction.weight(), kernel, x.count());
      Checks.optional(NAME, "bias", direction.bias(), x.count());
      Checks.activation(
          NAME, "out", direction.out(), x.tensor().dtype(), shape.size(0), count, x.count());
      Checks.writable(NAME, "out", direction.out());
      Checks.apart(NAME, "out", direction.out(), "x", x.tensor());
    }
    if (forward != null && backward != null) {
      Checks.apart(NAME, "forward out", forward.out(), "backward out", backward.out());
    }
  }

  /**
   * A convolution of every row.
   *
   * @param x (batch, length, channels)
   * @param forward the direction from first to last, or null
   * @param backward the direction from last to first, or null
   * @return the operation
   */
  public static CausalConv of(Columns x, Direction forward, Direction backward) {
    Checks.present(NAME, "x", x);
    Shape shape = x.tensor().shape();
    return new CausalConv(x, 0, shape.rank() == 3 ? shape.size(1) : 0, forward, backward);
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
      reads.addAll(Operand.of(direction.weight, direction.bias));
    }
    return reads;
  }

  @Override
  public List<Operand> writes() {
    List<Operand> writes = new ArrayList<>();
    directions().forEach(direction -> writes.add(direction.out));
    return writes;
  }

  private List<Direction> directions() {
    return forward == null
        ? List.of(backward)
        : backward == null ? List.of(forward) : List.of(forward, backward);
  }
}
