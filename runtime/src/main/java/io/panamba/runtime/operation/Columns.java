package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;

/**
 * Neighbouring columns of a tensor: a part of its last axis, for operations that read or write a
 * part of each row.
 *
 * @param tensor float32 or bfloat16, (..., width)
 * @param first the first column
 * @param count the number of columns
 */
public record Columns(Tensor tensor, long first, long count) implements Operand {
  /** Checks that the columns exist. */
  public Columns {
    requireRows(tensor);
    Checks.require(
        first >= 0 && count >= 1 && count <= tensor.shape().size(-1) - first,
        "columns",
        "no %d columns from %d in %s",
        count,
        first,
        tensor);
  }

  /**
   * Takes every column.
   *
   * @param tensor float32 or bfloat16, (..., width)
   * @return all of its columns
   */
  public static Columns of(Tensor tensor) {
    requireRows(tensor);
    return new Columns(tensor, 0, tensor.shape().size(-1));
  }

  private static void requireRows(Tensor tensor) {
    Checks.present("columns", "the tensor", tensor);
    Checks.require(
        Checks.isActivation(tensor.dtype()) && tensor.shape().rank() >= 1,
        "columns",
        "%s is not a float32 or bfloat16 tensor with columns",
        tensor);
  }

  /**
   * Returns the distance between rows.
   *
   * @return elements from one row to the next: the width of the tensor
   */
  public long rowStride() {
    return tensor.shape().size(-1);
  }

  /**
   * Returns the number of rows.
   *
   * @return the product of all axes but the last
   */
  public long rows() {
    return tensor.shape().elements() / rowStride();
  }

  /** Requires columns of a float32 tensor. */
  static void float32(String operation, String name, Columns columns) {
    Checks.present(operation, name, columns);
    Checks.float32(operation, name, columns.tensor());
  }

  /** Requires (batch, length, ...) rows of the given type and width. */
  void require(String operation, String name, DType dtype, long batch, long length, long width) {
    Shape shape = tensor.shape();
    Checks.require(
        tensor.dtype() == dtype
            && shape.rank() == 3
            && shape.size(0) == batch
            && shape.size(1) == length
            && count == width,
        operation,
        "%s has %d columns of %s; expected %d columns of %s(%d, %d, ...)",
        name,
        count,
        tensor,
        width,
        dtype,
        batch,
        length);
  }
}
