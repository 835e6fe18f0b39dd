package io.panamba.runtime.operation;

import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Memory that an operation reads or writes. */
public sealed interface Operand permits Tensor, Columns, PackedMatrix, MatrixSource {
  /**
   * Collects those that are there.
   *
   * @param operands each of which may be null
   * @return those that are not, in a list that can grow
   */
  static List<Operand> of(Operand... operands) {
    List<Operand> present = new ArrayList<>(operands.length);
    for (Operand operand : operands) {
      if (operand != null) {
        present.add(operand);
      }
    }
    return present;
  }

  /**
   * Tells whether two operands share memory. Columns of the same rows share none if they are
   * others; everything else is compared as a whole.
   *
   * @param one an operand
   * @param other an operand
   * @return whether writing one may change the other
   */
  static boolean overlap(Operand one, Operand other) {
    MemorySegment first = memory(one);
    MemorySegment second = memory(other);
    if (first.address() >= second.address() + second.byteSize()
        || second.address() >= first.address() + first.byteSize()) {
      return false;
    }
    if (one instanceof Columns a && other instanceof Columns b) {
      boolean sameRows =
          Memory.of(a.tensor()).address() == Memory.of(b.tensor()).address()
              && a.rowStride() == b.rowStride()
              && a.tensor().dtype() == b.tensor().dtype();
      return !sameRows || (a.first() < b.first() + b.count() && b.first() < a.first() + a.count());
    }
    return true;
  }

  /**
   * Tells whether the tensors of columns begin at the same place.
   *
   * @param one columns
   * @param other columns
   * @return whether their first elements are one
   */
  static boolean samePlace(Columns one, Columns other) {
    return Memory.of(one.tensor()).address() == Memory.of(other.tensor()).address();
  }

  private static MemorySegment memory(Operand operand) {
    return switch (operand) {
      case Tensor tensor -> Memory.of(tensor);
      case Columns columns -> Memory.of(columns.tensor());
      case PackedMatrix matrix -> Memory.of(matrix);
      case MatrixSource source -> source.data();
    };
  }
}
