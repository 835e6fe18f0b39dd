package io.panamba.runtime.operation;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of the weight of a {@link Conv2d} that is not transposed:
 *
 * <pre>
 * weightGradient[ky, kx] = accumulate * weightGradient[ky, kx]
 *     + sum over b, y, x of input[b, stride y + ky - padding, stride x + kx - padding] outGradient[b, y, x]^T
 * </pre>
 *
 * <p>That of the input is a {@link Conv2d} transposed, that of the bias a {@link Sum} over rows. Of
 * a {@link PlanarConv2d} it is a {@link Product} with {@link Patches}.
 *
 * @param input (batch, pixels, channels)
 * @param grid of the input
 * @param outGradient (batch, pixels, columns)
 * @param kernel of the convolution
 * @param accumulate what the old content is multiplied by; 0 overwrites it unread
 * @param weightGradient (taps, channels, columns)
 */
public record Conv2dGradient(
    Tensor input,
    Grid grid,
    Tensor outGradient,
    Kernel kernel,
    float accumulate,
    Tensor weightGradient)
    implements TrainingOperation {
  private static final String NAME = "conv2d gradient";

  /** Checks shapes. */
  public Conv2dGradient {
    Checks.present(NAME, "grid", grid);
    Checks.present(NAME, "kernel", kernel);
    Shape shape = Checks.rank(NAME, "input", input, 3);
    Checks.shape(NAME, "input", input, shape.size(0), grid.pixels(), shape.size(2));
    Checks.require(
        shape.size(2) <= Conv2d.MAX_CHANNELS,
        NAME,
        "the input has %d channels; expected at most %d",
        shape.size(2),
        Conv2d.MAX_CHANNELS);
    Shape gradient = Checks.rank(NAME, "outGradient", outGradient, 3);
    Checks.shape(
        NAME,
        "outGradient",
        outGradient,
        shape.size(0),
        kernel.over(grid).pixels(),
        gradient.size(2));
    Checks.output(
        NAME, "weightGradient", weightGradient, kernel.taps(), shape.size(2), gradient.size(2));
    Checks.apart(NAME, "weightGradient", weightGradient, "input", input);
    Checks.apart(NAME, "weightGradient", weightGradient, "outGradient", outGradient);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(input, outGradient, accumulate == 0 ? null : weightGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(weightGradient);
  }
}
