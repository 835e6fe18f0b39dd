package io.panamba.runtime.operation;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * A product of matrices as they are, for weights that change with every step: {@code out =
 * accumulate * out + left . right}. For a linear layer {@code y = x . weight^T},
 *
 * <pre>
 * gradient of x      = (gradient of y) . weight
 * gradient of weight = (gradient of y)^T . x            left is transposed
 * </pre>
 *
 * @param left (rows, depth), or (depth, rows) if transposed
 * @param transposed whether left's columns are the rows of the product
 * @param right (depth, columns)
 * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread
 * @param out (rows, columns), no input's memory
 */
public record Product(
    Columns left, boolean transposed, Columns right, float accumulate, Columns out)
    implements TrainingOperation {
  private static final String NAME = "product";

  /** Checks shapes. */
  public Product {
    Columns.float32(NAME, "left", left);
    Columns.float32(NAME, "right", right);
    Columns.float32(NAME, "out", out);
    long rows = transposed ? left.count() : left.rows();
    long depth = transposed ? left.rows() : left.count();
    Checks.require(
        right.rows() == depth
            && out.rows() == rows
            && out.count() == right.count()
            && rows >= 1
            && depth >= 1,
        NAME,
        "left is (%d, %d), right (%d, %d), out (%d, %d)",
        rows,
        depth,
        right.rows(),
        right.count(),
        out.rows(),
        out.count());
    Checks.writable(NAME, "out", out.tensor());
    Checks.apart(NAME, "out", out.tensor(), "left", left.tensor());
    Checks.apart(NAME, "out", out.tensor(), "right", right.tensor());
  }

  /**
   * The gradient of a linear layer's input.
   *
   * @param outGradient (..., outputs)
   * @param weight (outputs, inputs)
   * @param accumulate what the old content of the output is multiplied by; 0 overwrites it unread
   * @param inputGradient (..., inputs)
   * @return the operation
   */
  public static Product ofInput(
      Columns outGradient, Tensor weight, float accumulate, Columns inputGradient) {
    return new Product(outGradient, false, Columns.of(weight), accumulate, inputGradient);
  }

  /**
   * The gradient of a linear layer's weight.
   *
   * @param outGradient (..., outputs)
   * @param input (..., inputs)
   * @param accumulate what the old content of the output is multiplied by; 0 overwrites it unread
   * @param weightGradient (outputs, inputs)
   * @return the operation
   */
  public static Product ofWeight(
      Columns outGradient, Columns input, float accumulate, Tensor weightGradient) {
    return new Product(outGradient, true, input, accumulate, Columns.of(weightGradient));
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(left, right, accumulate == 0 ? null : out);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
