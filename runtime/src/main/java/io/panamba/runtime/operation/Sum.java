package io.panamba.runtime.operation;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * A sum in a fixed order: {@code out[i] = accumulate * out[i] + scale * sum over p < count of
 * parts[first + p * stride + i]}, the indices counting elements.
 *
 * @param parts float32
 * @param first where the first part begins
 * @param count how many parts
 * @param stride from one part to the next; a part has as many elements as {@code out}
 * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread
 * @param scale what the sum is multiplied by
 * @param out of any shape, not the memory of the parts
 */
public record Sum(
    Tensor parts, long first, long count, long stride, float accumulate, float scale, Tensor out)
    implements Operation {
  private static final String NAME = "sum";

  /** Checks sizes. */
  public Sum {
    Checks.float32(NAME, "parts", parts);
    Checks.float32(NAME, "out", out);
    long width = out.shape().elements();
    long elements = parts.shape().elements();
    Checks.require(
        first >= 0
            && count >= 1
            && width >= 1
            && stride >= width
            && elements - first >= width
            && (elements - first - width) / stride >= count - 1,
        NAME,
        "no %d parts of %d elements, %d apart, from %d in %s",
        count,
        width,
        stride,
        first,
        parts);
    Checks.writable(NAME, "out", out);
    Checks.apart(NAME, "out", out, "parts", parts);
  }

  /**
   * The sum over the first axis.
   *
   * @param parts (count, ...)
   * @param out with as many elements as one part
   * @return the operation
   */
  public static Sum of(Tensor parts, Tensor out) {
    return of(parts, 0, out);
  }

  /**
   * The sum over the first axis of a piece of each part.
   *
   * @param parts (count, ...)
   * @param first the piece's first element in a part
   * @param out with as many elements as the piece
   * @return the operation
   */
  public static Sum of(Tensor parts, long first, Tensor out) {
    return of(parts, first, 0, out);
  }

  /**
   * The sum over the first axis of a piece of each part, added to what is there.
   *
   * @param parts (count, ...)
   * @param first the piece's first element in a part
   * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread
   * @param out with as many elements as the piece
   * @return the operation
   */
  public static Sum of(Tensor parts, long first, float accumulate, Tensor out) {
    Checks.float32(NAME, "parts", parts);
    Checks.require(
        parts.shape().rank() >= 1 && parts.shape().elements() > 0,
        NAME,
        "parts is %s; expected F32(count, ...)",
        parts);
    long count = parts.shape().size(0);
    return new Sum(parts, first, count, parts.shape().elements() / count, accumulate, 1, out);
  }

  /**
   * The sum over rows: the gradient of a bias.
   *
   * @param rows the gradient of a layer's output
   * @param out one number per column
   * @return the operation
   */
  public static Sum ofRows(Columns rows, Tensor out) {
    return ofRows(rows, 0, out);
  }

  /**
   * The sum over rows, added to what is there.
   *
   * @param rows the gradient of a layer's output
   * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread
   * @param out one number per column
   * @return the operation
   */
  public static Sum ofRows(Columns rows, float accumulate, Tensor out) {
    Checks.present(NAME, "rows", rows);
    return new Sum(rows.tensor(), rows.first(), rows.rows(), rows.rowStride(), accumulate, 1, out);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(parts, accumulate == 0 ? null : out);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
