package io.panamba.runtime;

import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A dense array of numbers in memory: a segment, an element type and a shape, last axis contiguous.
 * A tensor owns nothing: its memory lives as long as the arena that the segment came from, and use
 * after that arena's close is an {@link IllegalStateException}.
 */
public final class Tensor implements Operand {
  /** The alignment of tensors that Panamba allocates, in bytes: a cache line, the widest vector. */
  public static final long ALIGNMENT = 64;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  static {
    Memory.install(new Bridge());
  }

  private final MemorySegment segment;
  private final DType dtype;
  private final Shape shape;

  /** Whose memory this is, if it is out of the host's reach; otherwise null. */
  private final Device home;

  private Tensor(MemorySegment segment, DType dtype, Shape shape, Device home) {
    this.segment = segment;
    this.dtype = dtype;
    this.shape = shape;
    this.home = home;
  }

  /**
   * Makes a tensor of a segment.
   *
   * @param segment memory outside the heap, of exactly the tensor's size
   * @param dtype the element type
   * @param shape the shape
   * @return the tensor, sharing the segment's memory
   * @throws ShapeException if the segment has another size or is on the heap
   */
  public static Tensor of(MemorySegment segment, DType dtype, Shape shape) {
    return of(segment, dtype, shape, null);
  }

  private static Tensor of(MemorySegment segment, DType dtype, Shape shape, Device home) {
    Objects.requireNonNull(dtype, "dtype");
    long bytes = shape.elements() * dtype.bytes();
    if (segment.byteSize() != bytes) {
      throw new ShapeException(
          "a tensor %s of shape %s has %d bytes; the segment has %d"
              .formatted(dtype, shape, bytes, segment.byteSize()));
    }
    if (!segment.isNative()) {
      throw new ShapeException("a tensor's memory lies outside the heap; the segment is on it");
    }
    return new Tensor(segment, dtype, shape, home);
  }

  /**
   * Allocates a tensor of zeros.
   *
   * @param arena the owner of the memory
   * @param dtype the element type
   * @param shape the shape
   * @return the tensor, aligned to {@link #ALIGNMENT}
   */
  public static Tensor allocate(Arena arena, DType dtype, Shape shape) {
    return of(arena.allocate(shape.elements() * dtype.bytes(), ALIGNMENT), dtype, shape);
  }

  /**
   * Allocates a float32 tensor with the given elements.
   *
   * @param arena the owner of the memory
   * @param shape the shape
   * @param values the elements, last axis fastest
   * @return the tensor
   * @throws ShapeException if the number of values is not that of the shape
   */
  public static Tensor of(Arena arena, Shape shape, float... values) {
    Tensor tensor = allocate(arena, DType.F32, shape);
    tensor.copyFrom(values);
    return tensor;
  }

  /**
   * Returns the memory.
   *
   * @return the segment, of exactly the tensor's size
   * @throws IllegalStateException if it is a device's own, out of the host's reach
   */
  public MemorySegment segment() {
    if (home != null) {
      throw new IllegalStateException(
          "%s lies in the memory of %s, out of the host's reach; copy it with Device.copy"
              .formatted(this, home));
    }
    Arenas.requireOpen(segment);
    return segment;
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
   * Returns the same memory under another shape.
   *
   * @param shape a shape with as many elements
   * @return the tensor
   * @throws ShapeException if the number of elements differs
   */
  public Tensor reshape(Shape shape) {
    return of(segment, dtype, shape, home);
  }

  /**
   * Returns a part of the outermost axis.
   *
   * @param first the first index
   * @param count how many
   * @return a tensor sharing this one's memory
   * @throws ShapeException if the part is not inside the axis
   */
  public Tensor slice(long first, long count) {
    long size = shape.size(0);
    if (first < 0 || count < 0 || count > size - first) {
      throw new ShapeException(
          "no slice of %d from %d in a tensor of shape %s".formatted(count, first, shape));
    }
    long[] sizes = shape.toArray();
    sizes[0] = count;
    long stride = size == 0 ? 0 : segment.byteSize() / size;
    return of(segment.asSlice(first * stride, count * stride), dtype, Shape.of(sizes), home);
  }

  /**
   * Overwrites a float32 tensor.
   *
   * @param values as many elements as the tensor has, last axis fastest
   * @throws ShapeException if the number differs or the tensor is not float32
   */
  public void copyFrom(float... values) {
    requireFloats();
    if (values.length != shape.elements()) {
      throw new ShapeException(
          "%d values for a tensor of shape %s".formatted(values.length, shape));
    }
    MemorySegment.copy(values, 0, segment(), FLOAT, 0, values.length);
  }

  /**
   * Copies a float32 tensor onto the heap.
   *
   * @return the elements, last axis fastest
   * @throws ShapeException if the tensor is not float32 or has too many elements for an array
   */
  public float[] toFloats() {
    requireFloats();
    if (shape.elements() > Integer.MAX_VALUE - 8) {
      throw new ShapeException("a tensor of shape " + shape + " is too large for an array");
    }
    return segment().toArray(FLOAT);
  }

  private void requireFloats() {
    if (dtype != DType.F32) {
      throw new ShapeException(
          "float32 elements are wanted; the tensor of shape " + shape + " has " + dtype);
    }
  }

  /** What devices may do beyond the public methods. */
  private static final class Bridge implements Memory.Tensors {
    @Override
    public Tensor create(MemorySegment segment, DType dtype, Shape shape, Device home) {
      return of(segment, dtype, shape, home);
    }

    @Override
    public MemorySegment segment(Tensor tensor) {
      return tensor.segment;
    }

    @Override
    public Device home(Tensor tensor) {
      return tensor.home;
    }
  }

  /** Writes type and shape as {@code F32(2, 197, 192)}. */
  @Override
  public String toString() {
    return dtype.toString() + shape;
  }
}
