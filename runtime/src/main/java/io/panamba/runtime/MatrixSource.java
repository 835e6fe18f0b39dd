package io.panamba.runtime;

import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.operation.Operand;
import java.lang.foreign.MemorySegment;

/**
 * A matrix as a checkpoint holds it, to be packed: element (n, k) is {@code rowScale[n] * data[n *
 * columnStride + k * depthStride]}.
 *
 * @param data memory outside the heap, possibly unaligned, starting at element (0, 0)
 * @param dtype a floating-point type
 * @param columns n, out_features
 * @param depth k, in_features
 * @param columnStride elements between neighbouring n
 * @param depthStride elements between neighbouring k
 * @param rowScale (columns), or null for 1; a layer scale folds into the weights here
 */
public record MatrixSource(
    MemorySegment data,
    DType dtype,
    long columns,
    long depth,
    long columnStride,
    long depthStride,
    Tensor rowScale)
    implements Operand {
  /** Checks that every element lies inside the data. */
  public MatrixSource {
    Checks.require(dtype.isFloating(), "pack", "%s elements can't be packed", dtype);
    Checks.require(data.isNative(), "pack", "the matrix lies on the heap");
    Checks.require(
        columns >= 1 && depth >= 1, "pack", "a matrix of (%d, %d) is empty", columns, depth);
    Checks.require(
        columnStride >= 0 && depthStride >= 0,
        "pack",
        "strides (%d, %d) run backwards",
        columnStride,
        depthStride);
    long elements = data.byteSize() / dtype.bytes();
    Checks.require(
        reaches(columns, columnStride, elements)
            && reaches(depth, depthStride, elements)
            && (columns - 1) * columnStride + (depth - 1) * depthStride < elements,
        "pack",
        "a matrix of (%d, %d) with strides (%d, %d) does not fit %d elements",
        columns,
        depth,
        columnStride,
        depthStride,
        elements);
    Checks.optional("pack", "rowScale", rowScale, columns);
  }

  private static boolean reaches(long size, long stride, long elements) {
    return stride == 0 || size - 1 <= elements / stride;
  }

  /**
   * Takes a dense matrix.
   *
   * @param matrix floating-point, (columns, depth)
   * @return the source
   */
  public static MatrixSource of(Tensor matrix) {
    Shape shape = matrix.shape();
    Checks.require(shape.rank() == 2, "pack", "%s is not a matrix", matrix);
    return new MatrixSource(
        matrix.segment(), matrix.dtype(), shape.size(0), shape.size(1), shape.size(1), 1, null);
  }
}
