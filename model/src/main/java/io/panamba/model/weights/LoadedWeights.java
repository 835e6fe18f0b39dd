package io.panamba.model.weights;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A network's weights on a device, in the forms that an inference takes. Immutable. */
public final class LoadedWeights {
  private static final double LOG2_E = 1 / Math.log(2);
  private static final int SHOWN = 5;

  private final Map<String, Tensor> tensors = new HashMap<>();
  private final Map<String, List<PackedMatrix>> matrices = new HashMap<>();
  private final Map<String, float[]> numbers = new HashMap<>();

  private LoadedWeights() {}

  /**
   * Reads weights from a checkpoint. Nothing refers to it afterwards.
   *
   * @param checkpoint which has these weights and no others
   * @param weights of the network
   * @param dtype of packed matrices: F32 or BF16
   * @param memory where they will be
   * @return the weights
   * @throws WeightsException if one is missing, or of another shape, or not floating-point; or if
   *     there are keys that are none of these, since a network that ignores weights gives wrong
   *     answers in silence
   */
  public static LoadedWeights load(
      Checkpoint checkpoint, List<Weight> weights, DType dtype, DeviceMemory memory) {
    LoadedWeights loaded = new LoadedWeights();
    try (Reader reader = new Reader(checkpoint, weights, dtype, memory)) {
      for (Weight weight : weights) {
        loaded.put(weight, reader);
      }
      reader.requireAllUsed();
    }
    return loaded;
  }

  private void put(Weight weight, Reader reader) {
    switch (weight.form()) {
      case Form.Plain plain -> tensors.put(weight.key(), reader.plain(weight, plain));
      case Form.Matrix matrix -> putMatrix(weight, matrix, reader);
      case Form.Stacked _ -> matrices.put(weight.key(), List.of(reader.stacked(weight)));
      case Form.Taps taps ->
          matrices.put(weight.key(), List.of(reader.taps(weight, taps.transposed())));
      case Form.SplitTaps split -> matrices.put(weight.key(), reader.splitTaps(weight, split));
      case Form.PixelsFirst form ->
          matrices.put(weight.key(), List.of(reader.pixelsFirst(weight, form)));
      case Form.Transposed transposed ->
          tensors.put(weight.key(), reader.transposed(weight, transposed));
      case Form.Numbers _ -> numbers.put(weight.key(), reader.stored(weight).toFloats());
    }
  }

  private void putMatrix(Weight weight, Form.Matrix form, Reader reader) {
    Weight before = reader.before(weight);
    if (form.next() != null) {
      // It waits for the one that lies behind it.
      reader.stored(weight);
    } else if (before != null) {
      List<PackedMatrix> both = reader.pair(before, weight);
      matrices.put(before.key(), List.of(both.getFirst()));
      matrices.put(weight.key(), List.of(both.getLast()));
    } else {
      matrices.put(weight.key(), reader.matrix(weight, form));
    }
  }

  /**
   * Returns a weight that is no matrix.
   *
   * @param weight of the form {@link Form#PLAIN}, {@link Form#TRANSPOSED} or {@link Form#DECAY}, or
   *     null
   * @return the tensor, or null for null
   */
  public Tensor tensor(Weight weight) {
    return weight == null ? null : required(tensors, weight);
  }

  /**
   * Returns a matrix of one part.
   *
   * @param weight of the form {@link Form.Matrix}, {@link Form#TAPS} or {@link Form#STACKED}
   * @return the packed matrix
   */
  public PackedMatrix matrix(Weight weight) {
    return matrix(weight, 0);
  }

  /**
   * Returns a part of a matrix.
   *
   * @param weight of the form {@link Form.Matrix}
   * @param part from 0
   * @return the packed part
   */
  public PackedMatrix matrix(Weight weight, int part) {
    return required(matrices, weight).get(part);
  }

  /**
   * Returns all parts of a matrix.
   *
   * @param weight of the form {@link Form.Matrix}
   * @return the packed parts in their order
   */
  public List<PackedMatrix> matrices(Weight weight) {
    return required(matrices, weight);
  }

  /**
   * Returns numbers.
   *
   * @param weight of the form {@link Form#NUMBERS}
   * @return the elements, last axis fastest; not copied
   */
  public float[] numbers(Weight weight) {
    return required(numbers, weight);
  }

  private static <T> T required(Map<String, T> loaded, Weight weight) {
    T value = loaded.get(weight.key());
    if (value == null) {
      throw new IllegalArgumentException(weight + " is not in that form");
    }
    return value;
  }

  /**
   * Reads tensors, checks their shapes, and keeps account of the keys. Matrices are packed from a
   * copy of their bytes, which the file can't change any more; one piece of memory serves for all
   * of them.
   */
  private static final class Reader implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final Map<String, Weight> weights = new HashMap<>();

    /** The matrices that lie before others, by the keys of these. */
    private final Map<String, Weight> befores = new HashMap<>();

    private final DType dtype;
    private final DeviceMemory memory;
    private Arena scratchArena = Arena.ofConfined();
    private MemorySegment scratch = MemorySegment.NULL;

    Reader(Checkpoint checkpoint, List<Weight> weights, DType dtype, DeviceMemory memory) {
      this.checkpoint = checkpoint;
      this.dtype = dtype;
      this.memory = memory;
      for (Weight weight : weights) {
        this.weights.put(weight.key(), weight);
        if (weight.form() instanceof Form.Matrix matrix && matrix.next() != null) {
          befores.put(matrix.next(), weight);
        }
      }
    }

    /** The matrix that lies before one, or null. */
    Weight before(Weight weight) {
      return befores.get(weight.key());
    }

    StoredTensor stored(Weight weight) {
      String key = checkpoint.nameBefore(weight.key());
      Shape expected = weight.shape();
      StoredTensor tensor =
          checkpoint
              .find(weight.key())
              .orElseThrow(
                  () ->
                      new WeightsException("%s is missing; expected %s".formatted(key, expected)));
      if (!tensor.shape().equals(expected)) {
        throw new WeightsException(
            "%s is %s; expected %s".formatted(key, tensor.shape(), expected));
      }
      if (!tensor.dtype().isFloating()) {
        throw new WeightsException(
            "%s has elements of type %s; expected floating-point".formatted(key, tensor.dtype()));
      }
      return tensor;
    }

    private float[] factors(String key) {
      return key == null ? null : stored(weights.get(key)).toFloats();
    }

    Tensor plain(Weight weight, Form.Plain form) {
      float[] values = stored(weight).toFloats();
      float[] factors = factors(form.scale());
      for (int i = 0; factors != null && i < values.length; i++) {
        values[i] *= factors[i];
      }
      return memory.of(weight.shape(), values);
    }

    Tensor transposed(Weight weight, Form.Transposed form) {
      float[] source = stored(weight).toFloats();
      int rows = Math.toIntExact(weight.kept().size(-1));
      int columns = Math.toIntExact(weight.kept().size(-2));
      float[] transposed = new float[source.length];
      for (int i = 0; i < source.length; i++) {
        int row = i / columns % rows;
        int first = i - i % (rows * columns);
        transposed[first + i % columns * rows + row] =
            (float) (form.logarithm() ? -Math.exp((double) source[i]) * LOG2_E : source[i]);
      }
      return memory.of(weight.kept(), transposed);
    }

    List<PackedMatrix> matrix(Weight weight, Form.Matrix form) {
      StoredTensor tensor = stored(weight);
      float[] factors = factors(form.scale());
      Tensor scale =
          factors == null ? null : Tensor.of(Arena.ofAuto(), Shape.of(factors.length), factors);
      DType packed = form.exact() ? DType.F32 : dtype;
      if (form.parts().isEmpty()) {
        return packed(tensor, packed, scale, 0, weight.shape().size(0), 1);
      }
      if (form.parts().stream().distinct().count() == 1) {
        // One behind the other, so that a device can take them as one.
        return packed(tensor, packed, scale, 0, form.parts().getFirst(), form.parts().size());
      }
      List<PackedMatrix> parts = new ArrayList<>();
      long first = 0;
      for (int rows : form.parts()) {
        parts.addAll(packed(tensor, packed, scale, first, rows, 1));
        first += rows;
      }
      return List.copyOf(parts);
    }

    /** A matrix, and the one of the same shape that is to lie behind it. */
    List<PackedMatrix> pair(Weight weight, Weight next) {
      try (Arena local = Arena.ofConfined()) {
        List<MatrixSource> sources = new ArrayList<>();
        for (Weight each : List.of(weight, next)) {
          Tensor dense = Tensor.of(local, each.shape(), stored(each).toFloats());
          sources.add(MatrixSource.of(dense));
        }
        return memory.packParts(sources, dtype);
      }
    }

    PackedMatrix stacked(Weight weight) {
      StoredTensor tensor = stored(weight);
      long inputs = weight.shape().size(-1);
      try (Arena local = Arena.ofConfined()) {
        Dense all = dense(tensor, local);
        return memory.pack(
            new MatrixSource(all.data, all.dtype, weight.outputs(), inputs, inputs, 1, null),
            dtype);
      }
    }

    /** All elements, last axis fastest. */
    private record Dense(MemorySegment data, DType dtype) {}

    private Dense dense(StoredTensor tensor, Arena owner) {
      if (!tensor.isContiguous()) {
        Tensor copy = Tensor.of(owner, tensor.shape(), tensor.toFloats());
        return new Dense(copy.segment(), DType.F32);
      }
      MemorySegment copy = scratch(tensor.shape().elements() * tensor.dtype().bytes());
      tensor.read(0, copy);
      return new Dense(copy, tensor.dtype());
    }

    /** The matrix of a tap has an element of every (height, width). */
    PackedMatrix taps(Weight weight, boolean transposed) {
      Shape shape = weight.shape();
      long outputs = shape.size(transposed ? 1 : 0);
      long inputs = shape.size(transposed ? 0 : 1);
      try (Arena local = Arena.ofConfined()) {
        Dense all = dense(stored(weight), local);
        return pack(all, taps(shape), outputs, inputs, transposed, 0, shape.size(1));
      }
    }

    List<PackedMatrix> splitTaps(Weight weight, Form.SplitTaps form) {
      Shape shape = weight.shape();
      long outputs = shape.size(0);
      long piece = outputs / form.pieces();
      List<PackedMatrix> matrices = new ArrayList<>();
      try (Arena local = Arena.ofConfined()) {
        Dense all = dense(stored(weight), local);
        matrices.add(pack(all, taps(shape), outputs, outputs, false, 0, shape.size(1)));
        for (int map = 1; map < form.maps(); map++) {
          for (int i = 0; i < form.pieces(); i++) {
            long first = i * piece * shape.size(1) + map * outputs;
            matrices.add(pack(all, taps(shape), piece, outputs, false, first, shape.size(1)));
          }
        }
      }
      return List.copyOf(matrices);
    }

    private static long taps(Shape shape) {
      return shape.elements() / shape.size(0) / shape.size(1);
    }

    /**
     * Packs a matrix for each tap.
     *
     * @param first the first pair of an output and an input
     * @param second the size of the second axis
     */
    private PackedMatrix pack(
        Dense all,
        long taps,
        long outputs,
        long inputs,
        boolean transposed,
        long first,
        long second) {
      List<MatrixSource> sources = new ArrayList<>();
      for (long tap = 0; tap < taps; tap++) {
        sources.add(
            new MatrixSource(
                all.data.asSlice((first * taps + tap) * all.dtype.bytes()),
                all.dtype,
                outputs,
                inputs,
                transposed ? taps : second * taps,
                transposed ? second * taps : taps,
                null));
      }
      return memory.pack(sources, dtype);
    }

    PackedMatrix pixelsFirst(Weight weight, Form.PixelsFirst form) {
      float[] source = stored(weight).toFloats();
      int pixels = form.pixels();
      int outputs = Math.toIntExact(weight.shape().size(0));
      int inputs = source.length / outputs;
      int channels = inputs / pixels;
      float[] sorted = new float[source.length];
      for (int i = 0; i < source.length; i++) {
        int input = i % inputs;
        sorted[i - input + input % pixels * channels + input / pixels] = source[i];
      }
      try (Arena local = Arena.ofConfined()) {
        return memory.pack(
            MatrixSource.of(Tensor.of(local, Shape.of(outputs, inputs), sorted)), dtype);
      }
    }

    /** Packs matrices of {@code count} outputs each, from output {@code first} on. */
    private List<PackedMatrix> packed(
        StoredTensor tensor, DType packed, Tensor scale, long first, long count, int matrices) {
      long outputs = tensor.shape().size(0);
      long depth = tensor.shape().elements() / outputs;
      boolean plain = tensor.shape().rank() == 2;
      long[] strides = plain ? tensor.strides() : new long[] {depth, 1};
      long all = count * matrices;
      if (plain || tensor.isContiguous()) {
        long elements = (all - 1) * strides[0] + (depth - 1) * strides[1] + 1;
        MemorySegment rows = scratch(elements * tensor.dtype().bytes());
        tensor.read(first * strides[0], rows);
        MatrixSource source =
            new MatrixSource(rows, tensor.dtype(), count, depth, strides[0], strides[1], scale);
        return memory.packParts(behindEachOther(source, matrices), packed);
      }
      try (Arena local = Arena.ofConfined()) {
        Tensor dense =
            Tensor.of(local, Shape.of(outputs, depth), tensor.toFloats()).slice(first, all);
        MatrixSource source =
            new MatrixSource(dense.segment(), DType.F32, count, depth, depth, 1, scale);
        return memory.packParts(behindEachOther(source, matrices), packed);
      }
    }

    /** The first matrix and those whose outputs follow. */
    private static List<MatrixSource> behindEachOther(MatrixSource first, int matrices) {
      List<MatrixSource> sources = new ArrayList<>();
      long bytes = first.columns() * first.columnStride() * first.dtype().bytes();
      for (int i = 0; i < matrices; i++) {
        sources.add(
            new MatrixSource(
                first.data().asSlice(i * bytes),
                first.dtype(),
                first.columns(),
                first.depth(),
                first.columnStride(),
                first.depthStride(),
                first.rowScale()));
      }
      return sources;
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

    void requireAllUsed() {
      List<String> unknown = new ArrayList<>();
      for (String key : checkpoint.keys()) {
        if (!weights.containsKey(key) && !checkpoint.isBeside(key)) {
          unknown.add(checkpoint.nameBefore(key));
        }
      }
      if (!unknown.isEmpty()) {
        throw new WeightsException(
            "%d keys are not of this network: %s%s"
                .formatted(
                    unknown.size(),
                    String.join(", ", unknown.subList(0, Math.min(SHOWN, unknown.size()))),
                    unknown.size() > SHOWN ? ", ..." : ""));
      }
    }

    @Override
    public void close() {
      scratchArena.close();
    }
  }
}
