package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Channels scaled, and whole images: {@code out[b, t, c] = channel[c] * image[b] * x[b, t, c]}. By
 * channel it is LayerScale (Touvron et al., arXiv 2103.17239, equation 4), by image stochastic
 * depth (arXiv 1603.09382), which drops images with a 0.
 *
 * @param x (batch, length, channels), float32
 * @param channel (channels), or null for 1
 * @param image (batch), or null for 1; one of the two is given
 * @param out as many columns of as many rows; {@code x} itself is allowed
 */
public record Scale(Columns x, Tensor channel, Tensor image, Columns out)
    implements TrainingOperation {
  private static final String NAME = "scale";

  /** Checks shapes. */
  public Scale {
    Shape shape = requireScaled(NAME, "x", x, channel, image);
    Checks.present(NAME, "out", out);
    out.require(NAME, "out", DType.F32, shape.size(0), shape.size(1), x.count());
    Checks.writable(NAME, "out", out.tensor());
    if (!out.equals(x)) {
      Checks.apart(NAME, "out", out.tensor(), "x", x.tensor());
    }
    requireApart(NAME, "out", out.tensor(), channel, image);
  }

  /** Requires (batch, length, ...) rows and scales that fit them; the result is the shape. */
  static Shape requireScaled(
      String operation, String name, Columns rows, Tensor channel, Tensor image) {
    Columns.float32(operation, name, rows);
    Shape shape = Checks.rank(operation, name, rows.tensor(), 3);
    Checks.require(channel != null || image != null, operation, "neither channel nor image");
    Checks.optional(operation, "channel", channel, rows.count());
    Checks.optional(operation, "image", image, shape.size(0));
    return shape;
  }

  /** Requires that what is written is neither scale's memory. */
  static void requireApart(
      String operation, String name, Tensor out, Tensor channel, Tensor image) {
    if (channel != null) {
      Checks.apart(operation, name, out, "channel", channel);
    }
    if (image != null) {
      Checks.apart(operation, name, out, "image", image);
    }
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x, channel, image);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
