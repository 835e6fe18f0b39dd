package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.oracle.Floats;
import io.panamba.tests.kit.Random;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * One operation with every tensor between guard pages: inputs that it can't write, and outputs that
 * start as random numbers, so that an element which is left alone shows.
 */
final class Guarded implements AutoCloseable {
  private final GuardPageArena arena;
  private final SplittableRandom random;
  private final Map<Tensor, float[]> outputs = new LinkedHashMap<>();

  Guarded(Placement placement, long seed) {
    arena = new GuardPageArena(placement);
    random = new SplittableRandom(seed);
  }

  Tensor input(long... sizes) {
    return Random.tensor(arena, random, sizes);
  }

  /** An input with the numbers in a range. */
  Tensor between(double from, double to, long... sizes) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(sizes));
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(from, to);
    }
    tensor.copyFrom(values);
    return tensor;
  }

  /** An input of float32 or bfloat16, -1 to 1. */
  Tensor activation(DType dtype, long... sizes) {
    Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(sizes));
    write(tensor, Random.floats(random, tensor.shape().elements()));
    return tensor;
  }

  /** A float32 input of numbers that a type holds, to be packed in it. */
  Tensor weight(DType dtype, long... sizes) {
    Tensor tensor = input(sizes);
    if (dtype == DType.BF16) {
      float[] values = tensor.toFloats();
      for (int i = 0; i < values.length; i++) {
        values[i] = Floats.toBfloat(values[i]);
      }
      tensor.copyFrom(values);
    }
    return tensor;
  }

  private static void write(Tensor tensor, float... values) {
    if (tensor.dtype() == DType.F32) {
      tensor.copyFrom(values);
      return;
    }
    for (int i = 0; i < values.length; i++) {
      int bits = Float.floatToRawIntBits(Floats.toBfloat(values[i]));
      tensor.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) (bits >>> 16));
    }
  }

  /** An input with the given numbers. */
  Tensor numbers(float... values) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(values.length));
    tensor.copyFrom(values);
    return tensor;
  }

  /** A vector of labels. */
  Tensor labels(int... values) {
    Tensor tensor = Tensor.allocate(arena, DType.I32, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.segment().set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, values[i]);
    }
    return tensor;
  }

  /** A vector of another floating-point type, with the given numbers. */
  Tensor input(DType type, float... values) {
    Tensor tensor = Tensor.allocate(arena, type, Shape.of(values.length));
    MemorySegment segment = tensor.segment();
    for (int i = 0; i < values.length; i++) {
      switch (type) {
        case F32 -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, values[i]);
        // More digits than a float holds, so that their rounding shows.
        case F64 -> segment.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i, values[i] * Math.PI);
        case F16 ->
            segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16(values[i]));
        case BF16 ->
            segment.set(
                ValueLayout.JAVA_SHORT_UNALIGNED,
                2L * i,
                (short) (Float.floatToRawIntBits(values[i]) >>> 16));
        default -> throw new IllegalArgumentException(type.toString());
      }
    }
    return tensor;
  }

  /** An input, or null. */
  Tensor perhaps(boolean wanted, long... sizes) {
    return wanted ? input(sizes) : null;
  }

  PackedMatrix pack(Device device, MatrixSource source) {
    return device.pack(arena, source, DType.F32);
  }

  /** A matrix (columns, depth) for each tap of a weight (taps, columns, depth). */
  PackedMatrix packTaps(Device device, Tensor weight, DType dtype) {
    Shape matrix = Shape.of(weight.shape().size(1), weight.shape().size(2));
    List<MatrixSource> sources =
        LongStream.range(0, weight.shape().size(0))
            .mapToObj(tap -> MatrixSource.of(weight.slice(tap, 1).reshape(matrix)))
            .toList();
    return device.pack(arena, sources, dtype);
  }

  /** Everything after this is an output. */
  void outputsFollow() {
    arena.seal();
  }

  Tensor output(long... sizes) {
    return outputBetween(-1, 1, sizes);
  }

  /** An output that starts in a range. */
  Tensor outputBetween(double from, double to, long... sizes) {
    Tensor tensor = between(from, to, sizes);
    outputs.put(tensor, tensor.toFloats());
    return tensor;
  }

  /** An output of float32 or bfloat16. */
  Tensor output(DType dtype, long... sizes) {
    Tensor tensor = activation(dtype, sizes);
    outputs.put(tensor, Floats.of(tensor));
    return tensor;
  }

  /** What an output held before the operation. */
  float[] before(Tensor output) {
    return outputs.get(output);
  }

  /** Runs a plan on one thread and on two, which has to give the same bits. */
  void run(Devices devices, Operation... operations) {
    run(devices.one(), operations);
    Map<Tensor, float[]> results = new LinkedHashMap<>();
    outputs.forEach(
        (tensor, before) -> {
          results.put(tensor, Floats.of(tensor));
          write(tensor, before);
        });
    run(devices.two(), operations);
    results.forEach(
        (tensor, result) -> assertThat(Floats.of(tensor)).as("on two threads").isEqualTo(result));
  }

  static void run(Device device, Operation... operations) {
    try (Plan plan = device.plan(List.of(operations))) {
      plan.run();
    }
  }

  /** Asserts that the columns which were not chosen hold what they held before. */
  void assertOthersUntouched(Columns columns) {
    float[] before = before(columns.tensor());
    float[] after = Floats.of(columns.tensor());
    for (int i = 0; i < after.length; i++) {
      long column = i % columns.rowStride();
      if (column < columns.first() || column >= columns.first() + columns.count()) {
        assertThat(after[i]).isEqualTo(before[i]);
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
