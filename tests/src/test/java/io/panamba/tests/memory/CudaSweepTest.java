package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.Rotary;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Sum;
import io.panamba.tests.kit.Gpu;
import io.panamba.tests.kit.Numbers;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation at awkward sizes on a GPU, against the processor's. */
@Tag("gpu")
class CudaSweepTest {
  private static final double BOUND = 1e-5;
  private static final int[] LENGTHS = {1, 2, 3, 15, 16, 17, 197, 730, 1025};
  private static final int[] CHANNELS = {1, 7, 32, 37, 96};

  /** Builds operations on a device, from the same numbers on every device. */
  private static final class Builder {
    private final Device device;
    private final Arena arena;
    private final SplittableRandom random = new SplittableRandom(1);
    private final List<Operation> operations = new ArrayList<>();

    Builder(Device device, Arena arena) {
      this.device = device;
      this.arena = arena;
    }

    private float[] values(Shape shape, double low, double high) {
      float[] values = new float[Math.toIntExact(shape.elements())];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(low, high);
      }
      return values;
    }

    Tensor numbers(long... sizes) {
      Shape shape = Shape.of(sizes);
      return device.upload(arena, shape, values(shape, -1, 1));
    }

    Tensor negative(long... sizes) {
      Shape shape = Shape.of(sizes);
      return device.upload(arena, shape, values(shape, -2, -0.01));
    }

    Tensor zeros(long... sizes) {
      return device.allocate(arena, DType.F32, Shape.of(sizes));
    }

    PackedMatrix weight(long columns, long depth) {
      Shape shape = Shape.of(columns, depth);
      try (Arena local = Arena.ofConfined()) {
        Tensor matrix = Tensor.of(local, shape, values(shape, -1, 1));
        return device.pack(arena, MatrixSource.of(matrix), DType.F32);
      }
    }

    Tensor bytes(long... sizes) {
      Shape shape = Shape.of(sizes);
      float[] drawn = values(shape, 0, 256);
      try (Arena local = Arena.ofConfined()) {
        Tensor host = Tensor.allocate(local, DType.U8, shape);
        for (int i = 0; i < drawn.length; i++) {
          host.segment().set(ValueLayout.JAVA_BYTE, i, (byte) (int) drawn[i]);
        }
        Tensor tensor = device.allocate(arena, DType.U8, shape);
        device.copy(host, tensor);
        return tensor;
      }
    }

    PackedMatrix taps(int taps, long columns, long depth) {
      Shape shape = Shape.of(taps, columns, depth);
      try (Arena local = Arena.ofConfined()) {
        Tensor matrices = Tensor.of(local, shape, values(shape, -1, 1));
        List<MatrixSource> sources = new ArrayList<>();
        for (int tap = 0; tap < taps; tap++) {
          sources.add(MatrixSource.of(matrices.slice(tap, 1).reshape(Shape.of(columns, depth))));
        }
        return device.pack(arena, sources, DType.F32);
      }
    }

    void add(Operation operation) {
      operations.add(operation);
    }

    float[] run(Tensor out) {
      try (Plan plan = device.plan(operations)) {
        plan.run();
      }
      Tensor host = device.staging(arena, out);
      device.copy(out, host);
      return host.toFloats();
    }
  }

  /** An operation and what it writes. */
  private interface Case {
    Tensor build(Builder on);
  }

  static Stream<Arguments> sizes() {
    return Stream.of(Gpu.values())
        .flatMap(
            gpu ->
                IntStream.of(LENGTHS)
                    .boxed()
                    .flatMap(
                        length ->
                            IntStream.of(CHANNELS)
                                .filter(channels -> gpu == Gpu.REAL || length * channels < 8000)
                                .mapToObj(channels -> Arguments.of(gpu, length, channels))));
  }

  private static void check(Gpu gpu, Case operation) {
    try (Device device = gpu.open();
        Device processor = Device.cpu(1);
        Arena arena = Arena.ofShared()) {
      Builder there = new Builder(device, arena);
      float[] actual = there.run(operation.build(there));
      Builder here = new Builder(processor, arena);
      float[] expected = here.run(operation.build(here));
      assertThat(Numbers.relativeError(actual, expected)).isLessThanOrEqualTo(BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void norm(Gpu gpu, int length, int channels) {
    check(
        gpu,
        on -> {
          Tensor out = on.zeros(2, length, channels);
          on.add(
              new Norm(
                  Norm.Kind.LAYER,
                  on.numbers(2, length, channels),
                  on.numbers(2, length, channels),
                  2,
                  on.numbers(channels),
                  on.numbers(channels),
                  1e-5f,
                  out));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void linear(Gpu gpu, int length, int channels) {
    check(
        gpu,
        on -> {
          Tensor out = on.numbers(length, channels + 3);
          on.add(
              new Linear(
                  new Columns(on.numbers(length, channels + 2), 1, channels),
                  on.weight(channels, channels),
                  on.numbers(channels),
                  1,
                  Linear.Activation.SILU,
                  new Columns(out, 2, channels)));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void causalConv(Gpu gpu, int length, int channels) {
    check(
        gpu,
        on -> {
          Tensor forward = on.zeros(2, length, channels);
          Tensor backward = on.zeros(2, length, channels);
          on.add(
              CausalConv.of(
                  new Columns(on.numbers(2, length, channels + 1), 1, channels),
                  new CausalConv.Direction(on.numbers(4, channels), on.numbers(channels), forward),
                  new CausalConv.Direction(on.numbers(4, channels), null, backward)));
          Tensor out = on.zeros(2, length, channels);
          // Both results in one.
          on.add(
              new Norm(
                  Norm.Kind.RMS, forward, backward, 1, on.numbers(channels), null, 1e-2f, out));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void attentionAndGelu(Gpu gpu, int length, int channels) {
    int heads = channels % 3 == 0 ? 3 : 1;
    check(
        gpu,
        on -> {
          Tensor attended = on.zeros(2, length, channels);
          on.add(Attention.of(on.numbers(2, length, 3L * channels), heads, attended, null));
          Tensor out = on.zeros(2, length, channels);
          on.add(
              new Linear(
                  Columns.of(attended),
                  on.weight(channels, channels),
                  on.numbers(channels),
                  0,
                  Linear.Activation.GELU,
                  Columns.of(out)));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void attentionOfFewQueries(Gpu gpu, int length, int channels) {
    int heads = channels % 3 == 0 ? 3 : 1;
    int queries = (length + 1) / 2;
    check(
        gpu,
        on -> {
          Columns q = Columns.of(on.numbers(2, queries, channels));
          Columns k = Columns.of(on.numbers(2, length, channels));
          Columns v = Columns.of(on.numbers(2, length, channels));
          Tensor out = on.zeros(2, queries, channels);
          on.add(new Attention(q, k, v, heads, 0.5f, Columns.of(out), null));
          return out;
        });
  }

  private static SelectiveScan.Direction direction(
      Builder on, int length, int channels, boolean state) {
    return new SelectiveScan.Direction(
        on.numbers(2, length, channels),
        on.numbers(2, length, 3 + 2 * 16),
        on.numbers(3, channels),
        on.numbers(channels),
        on.negative(16, channels),
        on.numbers(channels),
        state ? on.numbers(2, 16, channels) : null,
        state ? on.zeros(2, 16, channels) : null,
        null);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void selectiveScan(Gpu gpu, int length, int channels) {
    check(
        gpu,
        on -> {
          Tensor out = on.numbers(2, length, channels);
          on.add(
              new SelectiveScan(
                  direction(on, length, channels, true),
                  direction(on, length, channels, false),
                  Columns.of(on.numbers(2, length, channels)),
                  0.5f,
                  null,
                  0,
                  true,
                  out));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void rotaryAndPool(Gpu gpu, int length, int channels) {
    check(
        gpu,
        on -> {
          Tensor x = on.numbers(2, length, 2L * channels);
          on.add(
              new Rotary(
                  x, on.numbers(length, 2L * channels), on.numbers(length, 2L * channels), 0, x));
          Tensor out = on.zeros(2, 2L * channels);
          on.add(new Pool(Pool.Kind.MAX, x, length / 2, length - length / 2, 1, out));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void patchEmbedding(Gpu gpu, int length, int channels) {
    int side = 4 + length % 30;
    int patches = ((side - 4) / 3 + 1) * ((side - 4) / 3 + 1);
    check(
        gpu,
        on -> {
          Tensor out = on.zeros(2, patches + 1, channels);
          on.add(
              new PatchEmbedding(
                  on.numbers(2, 3, side, side),
                  null,
                  on.weight(channels, 3 * 4 * 4),
                  on.numbers(channels),
                  on.numbers(patches + 1, channels),
                  on.numbers(1, channels),
                  PatchEmbedding.ClassIndex.of(patches / 2),
                  4,
                  3,
                  out));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void gatedLinear(Gpu gpu, int length, int channels) {
    check(
        gpu,
        on -> {
          Tensor out = on.numbers(length, channels + 3);
          on.add(
              new GatedLinear(
                  Columns.of(on.numbers(length, channels)),
                  on.weight(channels, channels),
                  on.numbers(channels),
                  new Columns(out, 2, channels)));
          on.add(
              new Gate(
                  new Columns(out, 2, channels),
                  Columns.of(on.numbers(length, channels)),
                  new Columns(out, 2, channels)));
          return out;
        });
  }

  /** A grid of about so many pixels. */
  private static Grid grid(int length) {
    return new Grid(1 + length % 7, 1 + length / 7);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void gridsOfPixels(Gpu gpu, int length, int channels) {
    Grid grid = grid(length);
    check(
        gpu,
        on -> {
          Tensor x = on.numbers(2, grid.pixels(), channels);
          Tensor filtered = on.zeros(2, grid.pixels(), channels);
          int side = 3 + 2 * (length % 3);
          on.add(
              new DepthwiseConv(
                  Columns.of(x),
                  grid,
                  on.numbers((long) side * side, channels),
                  on.numbers(channels),
                  null,
                  Linear.Activation.SILU,
                  false,
                  Columns.of(filtered)));
          on.add(new Sum(x, 0, 1, x.shape().elements(), 0.5f, 2, filtered));
          Tensor merged = on.zeros(2, PatchMerging.merged(grid).pixels(), 4L * channels);
          on.add(new PatchMerging(filtered, grid, false, merged));
          Tensor out = on.zeros(2, PatchMerging.merged(grid).pixels(), 4L * channels);
          on.add(new Convert(Columns.of(merged), Columns.of(out)));
          return out;
        });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void crossScan(Gpu gpu, int length, int channels) {
    Grid grid = grid(length);
    int states = length % 2 == 0 ? 1 : 3;
    check(
        gpu,
        on -> {
          Tensor out = on.zeros(2, grid.pixels(), channels);
          on.add(
              new CrossScan(
                  new CrossScan.Inputs(
                      grid,
                      CrossScan.Walks.CROSS,
                      on.numbers(2, grid.pixels(), channels),
                      on.numbers(2, grid.pixels(), 4L * (3 + 2L * states)),
                      on.numbers(4, 3, channels),
                      on.numbers(4, channels),
                      on.negative(4, states, channels),
                      on.numbers(4, channels)),
                  null,
                  0,
                  out));
          return out;
        });
  }

  /** Images are gathered in float32 as they are, and as bytes; the second convolution by taps. */
  @ParameterizedTest
  @MethodSource("sizes")
  void convolutions(Gpu gpu, int length, int channels) {
    int side = 5 + length % 9;
    Kernel kernel = Kernel.square(3, 2, 1);
    Grid places = kernel.over(new Grid(side, side));
    check(
        gpu,
        on -> {
          boolean bytes = length % 2 == 0;
          Tensor planes = on.zeros(2, places.pixels(), channels);
          on.add(
              new PlanarConv2d(
                  bytes ? on.bytes(2, 3, side, side) : on.numbers(2, 3, side, side),
                  bytes ? on.numbers(3, 256) : null,
                  on.weight(channels, 3 * 9),
                  on.numbers(channels),
                  kernel,
                  Linear.Activation.GELU,
                  planes));
          Tensor out = on.zeros(2, kernel.over(places).pixels(), channels);
          on.add(
              Conv2d.of(
                  planes,
                  places,
                  on.taps(9, channels, channels),
                  on.numbers(channels),
                  kernel,
                  Linear.Activation.SILU,
                  out));
          return out;
        });
  }
}
