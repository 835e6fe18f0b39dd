package io.panamba.runtime.internal;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What tensors and packed matrices keep from users and hand to devices: their memory wherever it
 * is, and the device whose own memory that is, null for the host's. The classes install their side
 * when they are initialised.
 */
public final class Memory {
  private static Tensors tensors;
  private static Matrices matrices;

  private Memory() {}

  /** The side of {@link Tensor}. */
  public interface Tensors {
    /** Makes a tensor of a segment that has exactly its size. */
    Tensor create(MemorySegment segment, DType dtype, Shape shape, Device home);

    /** Returns the memory, wherever it is. */
    MemorySegment segment(Tensor tensor);

    /** Returns the device whose own memory it is, or null. */
    Device home(Tensor tensor);
  }

  /** The side of {@link PackedMatrix}. */
  public interface Matrices {
    /** Makes a packed matrix of a segment. */
    PackedMatrix create(
        MemorySegment segment, DType dtype, long columns, long depth, int count, Device home);

    /** Returns the memory, wherever it is. */
    MemorySegment segment(PackedMatrix matrix);

    /** Returns the device whose own memory it is, or null. */
    Device home(PackedMatrix matrix);
  }

  /** Called by {@link Tensor}. */
  public static void install(Tensors side) {
    tensors = side;
  }

  /** Called by {@link PackedMatrix}. */
  public static void install(Matrices side) {
    matrices = side;
  }

  /** Makes a tensor in the memory of a device, or, of null, of the host. */
  public static Tensor tensor(MemorySegment segment, DType dtype, Shape shape, Device home) {
    initialise(Tensor.class);
    return tensors.create(segment, dtype, shape, home);
  }

  /** Makes packed matrices in the memory of a device, or, of null, of the host. */
  public static PackedMatrix matrices(
      MemorySegment segment, DType dtype, long columns, long depth, int count, Device home) {
    initialise(PackedMatrix.class);
    return matrices.create(segment, dtype, columns, depth, count, home);
  }

  /** Makes a packed matrix of each of {@code count} equal parts of a segment. */
  public static List<PackedMatrix> parts(
      MemorySegment segment, DType dtype, long columns, long depth, int count, Device home) {
    long bytes = segment.byteSize() / count;
    return IntStream.range(0, count)
        .mapToObj(i -> matrices(segment.asSlice(i * bytes, bytes), dtype, columns, depth, 1, home))
        .toList();
  }

  /** Returns a tensor's memory, wherever it is. */
  public static MemorySegment of(Tensor tensor) {
    return tensors.segment(tensor);
  }

  /** Returns a matrix's memory, wherever it is. */
  public static MemorySegment of(PackedMatrix matrix) {
    return matrices.segment(matrix);
  }

  /** Returns the device whose own memory a tensor is in, or null for the host's. */
  public static Device home(Tensor tensor) {
    return tensors.home(tensor);
  }

  /** Returns the device whose own memory a matrix is in, or null for the host's. */
  public static Device home(PackedMatrix matrix) {
    return matrices.home(matrix);
  }

  private static void initialise(Class<?> type) {
    try {
      MethodHandles.lookup().ensureInitialized(type);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(type + " is public", e);
    }
  }
}
