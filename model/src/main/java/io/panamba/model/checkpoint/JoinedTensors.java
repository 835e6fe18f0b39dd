package io.panamba.model.checkpoint;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Stored tensors one after the other along their first axis, as one. Parts of one type that lie in
 * a file without gaps are read from it when they are asked for; others are copied then, once.
 */
final class JoinedTensors {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private JoinedTensors() {}

  /**
   * Joins tensors.
   *
   * @param names of the parts, for errors
   * @param parts of one shape but for their first axes
   * @param owner of copies that are made on the way
   * @return a tensor without gaps: of the parts' type, or of a wider one that has all their values
   * @throws WeightsException if they can't be joined
   */
  static StoredTensor join(List<String> names, List<StoredTensor> parts, Arena owner) {
    Shape shape = shape(names, parts);
    DType dtype = dtype(names, parts);
    List<Bytes> bytes = new ArrayList<>();
    for (StoredTensor part : parts) {
      bytes.add(
          part.dtype() == dtype && part.isContiguous()
              ? part.bytes()
              : new Copy(part, dtype, owner).bytes());
    }
    return new StoredTensor(
        String.join(Checkpoint.JOINED, names),
        dtype,
        shape,
        StoredTensor.denseStrides(shape),
        Bytes.concatenated(bytes));
  }

  private static Shape shape(List<String> names, List<StoredTensor> parts) {
    long[] sizes = parts.getFirst().shape().toArray();
    for (int i = 1; i < parts.size(); i++) {
      long[] others = parts.get(i).shape().toArray();
      boolean fits =
          sizes.length > 0
              && others.length == sizes.length
              && Arrays.equals(sizes, 1, sizes.length, others, 1, others.length)
              // Empty tensors may be of any length.
              && sizes[0] <= Long.MAX_VALUE - others[0];
      if (!fits) {
        throw new WeightsException(
            "%s is %s and %s is %s; one can't follow the other"
                .formatted(
                    names.getFirst(),
                    parts.getFirst().shape(),
                    names.get(i),
                    parts.get(i).shape()));
      }
      sizes[0] += others[0];
    }
    return Shape.of(sizes);
  }

  private static DType dtype(List<String> names, List<StoredTensor> parts) {
    DType dtype = parts.getFirst().dtype();
    for (int i = 1; i < parts.size(); i++) {
      DType other = parts.get(i).dtype();
      if (other != dtype) {
        if (!other.isFloating() || !dtype.isFloating()) {
          throw new WeightsException(
              "%s has elements of type %s, and %s of type %s"
                  .formatted(names.getFirst(), parts.getFirst().dtype(), names.get(i), other));
        }
        dtype = other == DType.F64 || dtype == DType.F64 ? DType.F64 : DType.F32;
      }
    }
    return dtype;
  }

  /** A tensor without gaps, in another type perhaps; made when it is read for the first time. */
  private static final class Copy {
    private final StoredTensor part;
    private final DType dtype;
    private final Arena owner;
    private MemorySegment dense;

    Copy(StoredTensor part, DType dtype, Arena owner) {
      this.part = part;
      this.dtype = dtype;
      this.owner = owner;
    }

    Bytes bytes() {
      return new Bytes(this::read, 0, Math.multiplyExact(part.shape().elements(), dtype.bytes()));
    }

    private void read(long offset, MemorySegment target) {
      MemorySegment.copy(dense(), offset, target, 0, target.byteSize());
    }

    private synchronized MemorySegment dense() {
      if (dense == null) {
        long width = dtype.bytes();
        MemorySegment made = owner.allocate(part.shape().elements() * width, Tensor.ALIGNMENT);
        try (Arena local = Arena.ofConfined()) {
          MemorySegment stored = part.copy(local);
          long[] at = {0};
          part.forEachElement(
              index -> {
                if (part.dtype() == dtype) {
                  MemorySegment.copy(stored, index * width, made, at[0], width);
                } else if (dtype == DType.F64) {
                  made.set(DOUBLE, at[0], part.element(stored, index));
                } else {
                  made.set(FLOAT, at[0], (float) part.element(stored, index));
                }
                at[0] += width;
              });
        }
        dense = made;
      }
      return dense;
    }
  }
}
