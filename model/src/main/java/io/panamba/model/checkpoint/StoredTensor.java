package io.panamba.model.checkpoint;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.LongConsumer;

/**
 * A tensor as it lies in a checkpoint. Its bytes are copied when they are asked for, and every
 * element that shape and strides can reach is among them. It is readable until the checkpoint is
 * closed.
 */
public final class StoredTensor {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Bytes that are copied at once where they become other numbers on the heap. */
  private static final long PIECE = 1 << 20;

  private final String key;
  private final DType dtype;
  private final Shape shape;
  private final long[] strides;
  private final Bytes data;

  /** Checks that no element lies outside the data. */
  StoredTensor(String key, DType dtype, Shape shape, long[] strides, Bytes data) {
    if (strides.length != shape.rank()) {
      throw new ShapeException(
          "%s has %d strides for shape %s".formatted(key, strides.length, shape));
    }
    long extent = extent(key, shape, strides);
    if (extent > data.size() / dtype.bytes()) {
      throw new ShapeException(
          "%s of shape %s reaches %d elements; its data has %d bytes"
              .formatted(key, shape, extent, data.size()));
    }
    this.key = key;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides.clone();
    this.data = data.slice(0, extent * dtype.bytes());
  }

  /**
   * Returns the name.
   *
   * @return the key in the checkpoint
   */
  public String key() {
    return key;
  }

  /**
   * Returns the element type.
   *
   * @return the type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * Returns the shape.
   *
   * @return the shape
   */
  public Shape shape() {
    return shape;
  }

  /**
   * Returns how many bytes lie from the first element to the last, gaps of strides included.
   *
   * @return bytes
   */
  public long byteSize() {
    return data.size();
  }

  /**
   * Copies bytes as they are stored, little-endian.
   *
   * @param first the element, counted in the order of memory, with which to begin
   * @param target memory, of the heap as an array of bytes, for as many bytes as it holds
   * @throws CheckpointException if the file has changed since the checkpoint was opened
   * @throws IndexOutOfBoundsException if there are not so many bytes
   * @throws IllegalStateException if the checkpoint is closed
   */
  public void read(long first, MemorySegment target) {
    data.read(first * dtype.bytes(), target);
  }

  /**
   * Copies all bytes, as {@link #read}.
   *
   * @param owner of the copy
   * @return the copy, of {@link #byteSize()} bytes
   */
  public MemorySegment copy(Arena owner) {
    MemorySegment copy = owner.allocate(byteSize(), Tensor.ALIGNMENT);
    read(0, copy);
    return copy;
  }

  /** Returns how many elements lie between the first and the last, both included. */
  static long extent(String key, Shape shape, long[] strides) {
    if (shape.elements() == 0) {
      return 0;
    }
    try {
      long last = 0;
      for (int axis = 0; axis < strides.length; axis++) {
        if (strides[axis] < 0) {
          throw new ShapeException("%s has a negative stride".formatted(key));
        }
        last = Math.addExact(last, Math.multiplyExact(shape.size(axis) - 1, strides[axis]));
      }
      return Math.addExact(last, 1);
    } catch (ArithmeticException e) {
      throw new ShapeException("%s of shape %s has strides beyond any file".formatted(key, shape));
    }
  }

  /** Returns the strides of a tensor without gaps, last axis fastest. */
  static long[] denseStrides(Shape shape) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= Math.max(1, shape.size(axis));
    }
    return strides;
  }

  /**
   * Returns the strides.
   *
   * @return elements between neighbours along each axis, not negative; 0 repeats
   */
  public long[] strides() {
    return strides.clone();
  }

  /**
   * Tells whether the elements follow each other, last axis fastest.
   *
   * @return true if there are neither gaps nor repetitions
   */
  public boolean isContiguous() {
    long expected = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      if (shape.size(axis) != 1 && strides[axis] != expected) {
        return false;
      }
      expected *= shape.size(axis);
    }
    return true;
  }

  /**
   * Sees the same elements as a tensor of another shape.
   *
   * @param other of as many elements
   * @return the tensor, or this one if its elements don't follow each other
   */
  StoredTensor shaped(Shape other) {
    if (other.elements() != shape.elements()) {
      throw new ShapeException("%s of shape %s is no %s".formatted(key, shape, other));
    }
    return isContiguous() ? new StoredTensor(key, dtype, other, denseStrides(other), data) : this;
  }

  /**
   * Copies the elements onto the heap in float32, last axis fastest.
   *
   * @return the elements, rounded to nearest where they are wider
   * @throws ShapeException if they are no floating-point numbers, or too many for an array
   */
  public float[] toFloats() {
    if (!dtype.isFloating()) {
      throw new ShapeException(
          "%s has elements of type %s; expected floating-point".formatted(key, dtype));
    }
    if (shape.elements() > Integer.MAX_VALUE - 8) {
      throw new ShapeException("%s of shape %s is too large for an array".formatted(key, shape));
    }
    float[] values = new float[(int) shape.elements()];
    try (Arena arena = Arena.ofConfined()) {
      if (isContiguous()) {
        fill(values, arena.allocate(Math.min(byteSize(), PIECE)));
      } else {
        gather(values, copy(arena));
      }
    }
    return values;
  }

  private void fill(float[] values, MemorySegment piece) {
    int most = (int) (piece.byteSize() / dtype.bytes());
    for (int first = 0; first < values.length; first += most) {
      int count = Math.min(most, values.length - first);
      MemorySegment bytes = piece.asSlice(0, (long) count * dtype.bytes());
      read(first, bytes);
      if (dtype == DType.F32) {
        MemorySegment.copy(bytes, FLOAT, 0, values, first, count);
      } else {
        for (int i = 0; i < count; i++) {
          values[first + i] = (float) element(bytes, i);
        }
      }
    }
  }

  private void gather(float[] values, MemorySegment bytes) {
    int[] at = {0};
    forEachElement(index -> values[at[0]++] = (float) element(bytes, index));
  }

  /** Tells where each element is in the order of memory, last axis fastest. */
  void forEachElement(LongConsumer visitor) {
    long[] index = new long[strides.length];
    long offset = 0;
    for (long left = shape.elements(); left > 0; left--) {
      visitor.accept(offset);
      for (int axis = strides.length - 1; axis >= 0; axis--) {
        offset += strides[axis];
        if (++index[axis] < shape.size(axis)) {
          break;
        }
        offset -= strides[axis] * index[axis];
        index[axis] = 0;
      }
    }
  }

  /** The bytes from the first element to the last. */
  Bytes bytes() {
    return data;
  }

  /**
   * Tells the value of an element of this tensor's type.
   *
   * @param bytes that were {@linkplain #read read}
   * @param index of the element among them
   * @return its value, exactly
   * @throws ShapeException if elements are neither floating-point numbers nor U8
   * @throws IndexOutOfBoundsException if there is no such element
   */
  public double element(MemorySegment bytes, long index) {
    return switch (dtype) {
      case F32 -> bytes.get(FLOAT, index * 4);
      case F64 -> bytes.get(DOUBLE, index * 8);
      case F16 -> Float.float16ToFloat(bytes.get(SHORT, index * 2));
      case BF16 -> Float.intBitsToFloat(bytes.get(SHORT, index * 2) << 16);
      case U8 -> bytes.get(ValueLayout.JAVA_BYTE, index) & 0xff;
      default ->
          throw new ShapeException(
              "%s has elements of type %s; expected floating-point or U8".formatted(key, dtype));
    };
  }

  @Override
  public String toString() {
    return key + " " + dtype + shape;
  }
}
