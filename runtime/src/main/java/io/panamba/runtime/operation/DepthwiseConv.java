package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Depthwise convolution over a grid, with zeros around it ({@code torch.nn.Conv2d} with as many
 * groups as channels), of an odd side k:
 *
 * <pre>
 * out[b, y, x] = gate[b, y, x] * activation(bias
 *     + sum over ky, kx of weight[ky, kx] * x[b, y + ky - k/2, x + kx - k/2])
 * </pre>
 *
 * @param x (batch, pixels, channels), float32 or bfloat16
 * @param grid of all of them
 * @param weight (k * k, channels), k 3, 5 or 7
 * @param bias (channels) or null
 * @param gate (batch, pixels, channels) of x's type, or null for 1; may be {@code out}
 * @param activation what the sum passes through
 * @param flipped whether taps count from the last to the first: the gradient of x
 * @param out (batch, pixels, channels) of x's type; not x's memory
 */
public record DepthwiseConv(
    Columns x,
    Grid grid,
    Tensor weight,
    Tensor bias,
    Columns gate,
    Linear.Activation activation,
    boolean flipped,
    Columns out)
    implements Operation {
  private static final String NAME = "depthwise conv";

  /** Checks shapes. */
  public DepthwiseConv {
    Checks.present(NAME, "x", x);
    Checks.present(NAME, "grid", grid);
    Checks.present(NAME, "activation", activation);
    Checks.present(NAME, "out", out);
    Shape shape = x.tensor().shape();
    Checks.require(
        shape.rank() == 3 && shape.elements() > 0 && shape.size(1) == grid.pixels(),
        NAME,
        "x is %s; expected (batch, %d, ...), the pixels of %s",
        x.tensor(),
        grid.pixels(),
        grid);
    side(NAME, Checks.rank(NAME, "weight", weight, 2).size(0));
    Checks.shape(NAME, "weight", weight, weight.shape().size(0), x.count());
    Checks.optional(NAME, "bias", bias, x.count());
    out.require(NAME, "out", x.tensor().dtype(), shape.size(0), grid.pixels(), x.count());
    Checks.writable(NAME, "out", out.tensor());
    Checks.require(
        !Operand.overlap(out, x),
        NAME,
        "out %s shares memory with x %s; expected memory of its own",
        out,
        x);
    if (gate != null) {
      gate.require(NAME, "gate", x.tensor().dtype(), shape.size(0), grid.pixels(), x.count());
      Gate.requireSameOrApart(NAME, out, "gate", gate);
    }
  }

  /** The side of a square kernel of so many taps. */
  static int side(String name, long taps) {
    Checks.require(
        taps == 9 || taps == 25 || taps == 49,
        name,
        "a kernel has %d taps; expected 9, 25 or 49",
        taps);
    return taps == 9 ? 3 : taps == 25 ? 5 : 7;
  }

  /**
   * Returns the side of the kernel.
   *
   * @return 3, 5 or 7
   */
  public int side() {
    return side(NAME, weight.shape().size(0));
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x, weight, bias, gate);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
