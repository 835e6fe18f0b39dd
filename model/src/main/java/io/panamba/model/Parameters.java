package io.panamba.model;

import io.panamba.model.graph.DeviceMemory;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;

/**
 * Reads a checkpoint's tensors into the forms that operations take, checks their shapes, and keeps
 * account of the keys. Matrices are packed from a copy of their bytes, which the file can't change
 * any more; one piece of memory serves for all of them.
 */
final class Parameters implements AutoCloseable {
  private final Checkpoint checkpoint;
  private final DeviceMemory memory;
  private final Set<String> used = new HashSet<>();
  private final Map<String, Boolean> common = new HashMap<>();
  private Arena scratchArena = Arena.ofConfined();
  private MemorySegment scratch = MemorySegment.NULL;

  Parameters(Checkpoint checkpoint, DeviceMemory memory) {
    this.checkpoint = checkpoint;
    this.memory = memory;
  }

  private StoredTensor stored(String key, long... sizes) {
    Shape expected = Shape.of(sizes);
    StoredTensor tensor =
        checkpoint
            .find(key)
            .orElseThrow(
                () -> new WeightsException("%s is missing; expected %s".formatted(key, expected)));
    if (!tensor.shape().equals(expected)) {
      throw new WeightsException("%s is %s; expected %s".formatted(key, tensor.shape(), expected));
    }
    if (!tensor.dtype().isFloating()) {
      throw new WeightsException(
          "%s has elements of type %s; expected floating-point".formatted(key, tensor.dtype()));
    }
    used.add(key);
    return tensor;
  }

  /** A tensor in float32, last axis fastest. */
  Tensor tensor(String key, long... sizes) {
    return upload(Shape.of(sizes), floats(key, sizes));
  }

  /** As {@link #tensor}, in the host's memory, for packing. */
  Tensor onHost(String key, long... sizes) {
    return Tensor.of(Arena.ofAuto(), Shape.of(sizes), floats(key, sizes));
  }

  /** A tensor of numbers that were made of others. */
  Tensor upload(Shape shape, float... values) {
    return memory.of(shape, values);
  }

  /**
   * Whether every layer has such a tensor; none has it if no key of the checkpoint ends like it.
   */
  boolean isCommon(String suffix) {
    return common.computeIfAbsent(
        suffix, _ -> checkpoint.keys().stream().anyMatch(key -> key.endsWith(suffix)));
  }

  /** A tensor that every layer has or none. */
  Tensor common(String layer, String suffix, long... sizes) {
    return isCommon(suffix) ? tensor(layer + suffix, sizes) : null;
  }

  /** A tensor on the heap. */
  float[] floats(String key, long... sizes) {
    return stored(key, sizes).toFloats();
  }

  /**
   * A matrix (rows, columns), or a tensor that is one but for axes of size 1, as its transpose
   * (columns, rows), each element mapped.
   */
  Tensor transposed(String key, DoubleUnaryOperator map, int rows, int columns, long... sizes) {
    float[] source = floats(key, sizes);
    float[] transposed = new float[source.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        transposed[column * rows + row] = (float) map.applyAsDouble(source[row * columns + column]);
      }
    }
    return upload(Shape.of(columns, rows), transposed);
  }

  /** A weight (columns, ...) whose other axes are the depth. */
  PackedMatrix packed(String key, DType dtype, Tensor rowScale, long... sizes) {
    return packedRows(key, dtype, rowScale, 0, sizes[0], sizes);
  }

  /** As {@link #packed}, but of {@code count} rows from {@code first} on: so many columns. */
  PackedMatrix packedRows(
      String key, DType dtype, Tensor rowScale, long first, long count, long... sizes) {
    StoredTensor tensor = stored(key, sizes);
    long depth = tensor.shape().elements() / sizes[0];
    long[] strides = sizes.length == 2 ? tensor.strides() : new long[] {depth, 1};
    if (sizes.length == 2 || tensor.isContiguous()) {
      long elements = (count - 1) * strides[0] + (depth - 1) * strides[1] + 1;
      MemorySegment rows = scratch(elements * tensor.dtype().bytes());
      tensor.read(first * strides[0], rows);
      return memory.pack(
          new MatrixSource(rows, tensor.dtype(), count, depth, strides[0], strides[1], rowScale),
          dtype);
    }
    try (Arena local = Arena.ofConfined()) {
      Tensor dense =
          Tensor.of(local, Shape.of(sizes[0], depth), tensor.toFloats()).slice(first, count);
      return memory.pack(
          new MatrixSource(dense.segment(), DType.F32, count, depth, depth, 1, rowScale), dtype);
    }
  }

  /** Memory for the copy of one tensor, until that of the next. */
  private MemorySegment scratch(long bytes) {
    if (scratch.byteSize() < bytes) {
      scratchArena.close();
      scratchArena = Arena.ofConfined();
      scratch = scratchArena.allocate(bytes, Tensor.ALIGNMENT);
    }
    return scratch.asSlice(0, bytes);
  }

  @Override
  public void close() {
    scratchArena.close();
  }

  /**
   * Refuses keys that nothing has asked for: a network that ignores weights gives wrong answers in
   * silence.
   */
  void requireAllUsed() {
    List<String> unknown = new ArrayList<>();
    for (String key : checkpoint.keys()) {
      if (!used.contains(key) && !checkpoint.isBeside(key)) {
        unknown.add(key);
      }
    }
    if (!unknown.isEmpty()) {
      throw new WeightsException(
          "%d keys are not of this network: %s%s"
              .formatted(
                  unknown.size(),
                  String.join(", ", unknown.subList(0, Math.min(5, unknown.size()))),
                  unknown.size() > 5 ? ", ..." : ""));
    }
  }
}
