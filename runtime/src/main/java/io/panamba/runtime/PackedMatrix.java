package io.panamba.runtime;

import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Operand;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * The weight of a linear layer, or a matrix for each tap of a convolution, in the layout that a
 * device multiplies fastest. Made by {@link Device#pack}; it belongs to that device and lives as
 * long as the arena that it was packed into.
 */
public final class PackedMatrix implements Operand {
  static {
    Memory.install(new Bridge());
  }

  private final MemorySegment segment;
  private final DType dtype;
  private final long columns;
  private final long depth;
  private final int count;
  private final Device home;

  private PackedMatrix(
      MemorySegment segment, DType dtype, long columns, long depth, int count, Device home) {
    this.segment = segment;
    this.dtype = dtype;
    this.columns = columns;
    this.depth = depth;
    this.count = count;
    this.home = home;
  }

  /**
   * Returns the type that the weights are kept in.
   *
   * @return the element type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * Returns the number of outputs.
   *
   * @return out_features
   */
  public long columns() {
    return columns;
  }

  /**
   * Returns the number of inputs.
   *
   * @return in_features
   */
  public long depth() {
    return depth;
  }

  /**
   * Returns the number of matrices.
   *
   * @return 1 of a linear layer, the taps of a convolution
   */
  public int count() {
    return count;
  }

  /**
   * Returns one of the matrices of a convolution.
   *
   * @param index from 0
   * @return the matrix in the same memory
   * @throws IndexOutOfBoundsException if there is no such matrix
   * @throws UnsupportedOperationException of several on a GPU, where a row of memory has a row of
   *     each
   */
  public PackedMatrix matrix(int index) {
    Objects.checkIndex(index, count);
    if (home != null && count > 1) {
      throw new UnsupportedOperationException(
          "the matrices of %s lie side by side in the memory of %s".formatted(this, home));
    }
    long bytes = segment.byteSize() / count;
    return new PackedMatrix(segment.asSlice(index * bytes, bytes), dtype, columns, depth, 1, home);
  }

  /**
   * Returns the memory that the matrix takes.
   *
   * @return bytes, padding included
   */
  public long byteSize() {
    return segment.byteSize();
  }

  /** What devices may do beyond the public methods. */
  private static final class Bridge implements Memory.Matrices {
    @Override
    public PackedMatrix create(
        MemorySegment segment, DType dtype, long columns, long depth, int count, Device home) {
      return new PackedMatrix(segment, dtype, columns, depth, count, home);
    }

    @Override
    public MemorySegment segment(PackedMatrix matrix) {
      return matrix.segment;
    }

    @Override
    public Device home(PackedMatrix matrix) {
      return matrix.home;
    }
  }

  @Override
  public String toString() {
    String matrix = "packed %s(%d, %d)".formatted(dtype, columns, depth);
    return count == 1 ? matrix : count + " times " + matrix;
  }
}
