package io.panamba.runtime.operation;

import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Two-dimensional convolution, channels last, with zeros around the image (a cross-correlation, as
 * {@code torch.nn.Conv2d}):
 *
 * <pre>
 * out[b, y, x] = activation(accumulate * out[b, y, x] + bias
 *     + sum over ky, kx of weight[ky, kx] . input[b, stride y + ky - padding, stride x + kx - padding])
 * </pre>
 *
 * <p>Transposed ({@code torch.nn.ConvTranspose2d}) it reads {@code input[b, (y + padding - ky) /
 * stride, (x + padding - kx) / stride]} where both are whole numbers inside the input: with
 * matrices of the weight's transpose, the gradient of the input of a convolution. Sums are float32
 * whatever the types.
 *
 * @param input (batch, pixels, channels) of the type that the weight is packed in, at most {@link
 *     #MAX_CHANNELS} channels
 * @param grid of the input
 * @param weight a matrix (columns, channels) for each tap, row by row
 * @param bias (columns) or null
 * @param kernel of the convolution
 * @param transposed whether it is a transposed convolution
 * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread
 * @param activation what the result passes through
 * @param outGrid of the output: {@link Kernel#over} of the grid, or, if transposed, one of those
 *     whose {@link Kernel#over} is the grid
 * @param out (batch, pixels, columns), float32 or bfloat16; not the input's memory
 */
public record Conv2d(
    Columns input,
    Grid grid,
    PackedMatrix weight,
    Tensor bias,
    Kernel kernel,
    boolean transposed,
    float accumulate,
    Linear.Activation activation,
    Grid outGrid,
    Tensor out)
    implements Operation {
  private static final String NAME = "conv2d";

  /** Most channels of the input. */
  public static final int MAX_CHANNELS = 8192;

  /** Checks shapes. */
  public Conv2d {
    Checks.present(NAME, "input", input);
    Checks.present(NAME, "grid", grid);
    Checks.present(NAME, "weight", weight);
    Checks.present(NAME, "kernel", kernel);
    Checks.present(NAME, "activation", activation);
    Checks.present(NAME, "outGrid", outGrid);
    Shape shape = input.tensor().shape();
    Checks.require(
        shape.rank() == 3 && shape.elements() > 0 && shape.size(1) == grid.pixels(),
        NAME,
        "input is %s; expected (batch, %d, ...), the pixels of %s",
        input.tensor(),
        grid.pixels(),
        grid);
    Checks.require(
        input.tensor().dtype() == weight.dtype(),
        NAME,
        "the input is %s, the weight is %s: their types differ",
        input.tensor(),
        weight);
    Checks.require(
        weight.count() == kernel.taps()
            && weight.depth() == input.count()
            && input.count() <= MAX_CHANNELS,
        NAME,
        "the weight is %s; expected %d matrices of %d inputs, at most %d",
        weight,
        kernel.taps(),
        input.count(),
        MAX_CHANNELS);
    Grid large = transposed ? outGrid : grid;
    Grid small = transposed ? grid : outGrid;
    Checks.require(
        kernel.over(large).equals(small),
        NAME,
        "a kernel of %s makes %s of %s, not %s",
        kernel,
        kernel.over(large),
        large,
        small);
    Checks.optional(NAME, "bias", bias, weight.columns());
    Checks.activationRank(NAME, "out", out, 3);
    Checks.activation(
        NAME, "out", out, out.dtype(), shape.size(0), outGrid.pixels(), weight.columns());
    Checks.writable(NAME, "out", out);
    Checks.apart(NAME, "out", out, "input", input.tensor());
  }

  /**
   * A convolution of all channels that overwrites its output.
   *
   * @param input (batch, pixels, channels)
   * @param grid of the input
   * @param weight a matrix (columns, channels) for each tap
   * @param bias (columns) or null
   * @param kernel of the convolution
   * @param activation what the result passes through
   * @param out (batch, pixels, columns)
   * @return the operation
   */
  public static Conv2d of(
      Tensor input,
      Grid grid,
      PackedMatrix weight,
      Tensor bias,
      Kernel kernel,
      Linear.Activation activation,
      Tensor out) {
    Checks.present(NAME, "grid", grid);
    Checks.present(NAME, "kernel", kernel);
    return new Conv2d(
        Columns.of(input),
        grid,
        weight,
        bias,
        kernel,
        false,
        0,
        activation,
        kernel.over(grid),
        out);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(input, weight, bias, accumulate == 0 ? null : out);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
