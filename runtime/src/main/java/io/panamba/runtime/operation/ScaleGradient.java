package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link Scale}: {@code xGradient = channel * image * outGradient}, and the
 * channels' own.
 *
 * @param x (batch, length, channels), float32, as the scale read it; null without {@code channel}
 * @param channel (channels) or null, the scale's
 * @param image (batch) or null, the scale's
 * @param outGradient (batch, length, channels), float32
 * @param xGradient as many columns of as many rows; {@code outGradient} itself is allowed
 * @param parameterParts ({@link #parts}, channels): the sum over parts is the gradient of {@code
 *     channel}; null without it
 */
public record ScaleGradient(
    Columns x,
    Tensor channel,
    Tensor image,
    Columns outGradient,
    Columns xGradient,
    Tensor parameterParts)
    implements TrainingOperation {
  private static final String NAME = "scale gradient";

  /** Rows that are added up to one part. */
  public static final int PART_ROWS = 64;

  /** Checks shapes. */
  public ScaleGradient {
    Shape shape = Scale.requireScaled(NAME, "outGradient", outGradient, channel, image);
    requireRows("xGradient", xGradient, shape, outGradient.count());
    Checks.writable(NAME, "xGradient", xGradient.tensor());
    if (!xGradient.equals(outGradient)) {
      Checks.apart(NAME, "xGradient", xGradient.tensor(), "outGradient", outGradient.tensor());
    }
    Scale.requireApart(NAME, "xGradient", xGradient.tensor(), channel, image);
    if (channel != null) {
      requireRows("x", x, shape, outGradient.count());
      Checks.apart(NAME, "xGradient", xGradient.tensor(), "x", x.tensor());
      Checks.output(
          NAME, "parameterParts", parameterParts, parts(outGradient.rows()), outGradient.count());
      Checks.apart(NAME, "parameterParts", parameterParts, "x", x.tensor());
      Checks.apart(NAME, "parameterParts", parameterParts, "outGradient", outGradient.tensor());
      Checks.apart(NAME, "parameterParts", parameterParts, "xGradient", xGradient.tensor());
      Scale.requireApart(NAME, "parameterParts", parameterParts, channel, image);
    } else {
      Checks.require(
          x == null && parameterParts == null,
          NAME,
          "x and parameterParts come with channel, which is missing");
    }
  }

  private static void requireRows(String name, Columns columns, Shape shape, long count) {
    Checks.present(NAME, name, columns);
    columns.require(NAME, name, DType.F32, shape.size(0), shape.size(1), count);
  }

  /**
   * Returns how many parts the gradient of the channels' scale comes in.
   *
   * @param rows batch * length
   * @return the number of parts
   */
  public static long parts(long rows) {
    return Math.ceilDiv(rows, PART_ROWS);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(x, channel, image, outGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(xGradient, parameterParts);
  }
}
