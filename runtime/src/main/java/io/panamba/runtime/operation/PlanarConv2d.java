package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * A {@link Conv2d} that reads an image plane by plane, as pictures are handed to a network, and
 * gives pixels with their channels last.
 *
 * @param image (batch, colours, height, width), float32 or {@link DType#U8}; its numbers are
 *     rounded to the type of the weight
 * @param pixelValues (colours, 256): the number that a byte of the image stands for; null if the
 *     image is float32
 * @param weight (columns, colours * taps) as PyTorch stores it, of at most {@link #MAX_DEPTH}
 *     inputs
 * @param bias (columns) or null
 * @param kernel of the convolution
 * @param activation what the result passes through
 * @param out (batch, pixels, columns), float32 or bfloat16
 */
public record PlanarConv2d(
    Tensor image,
    Tensor pixelValues,
    PackedMatrix weight,
    Tensor bias,
    Kernel kernel,
    Linear.Activation activation,
    Tensor out)
    implements Operation {
  private static final String NAME = "planar conv2d";

  /** Most colours times taps. */
  public static final int MAX_DEPTH = 768;

  /** Checks shapes. */
  public PlanarConv2d {
    Checks.present(NAME, "weight", weight);
    Checks.present(NAME, "kernel", kernel);
    Checks.present(NAME, "activation", activation);
    Shape pixels = Checks.pixels(NAME, image, pixelValues);
    long depth = pixels.size(1) * kernel.taps();
    Checks.require(
        weight.count() == 1 && weight.depth() == depth && depth <= MAX_DEPTH,
        NAME,
        "the weight is %s; expected %d inputs, at most %d",
        weight,
        depth,
        MAX_DEPTH);
    Grid places = kernel.over(new Grid(pixels.size(2), pixels.size(3)));
    Checks.optional(NAME, "bias", bias, weight.columns());
    Checks.activationRank(NAME, "out", out, 3);
    Checks.activation(
        NAME, "out", out, out.dtype(), pixels.size(0), places.pixels(), weight.columns());
    Checks.writable(NAME, "out", out);
    Checks.apart(NAME, "out", out, "image", image);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(image, pixelValues, weight, bias);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
