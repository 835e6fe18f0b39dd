package io.panamba.tests.golden;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScanGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.Sum;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The cross scan and its gradient, from u and the parameters under their names in a checkpoint,
 * against double precision: one product projects dt, B and C of all walks.
 */
@OnEveryTier
class CrossScanGoldenTest {
  private static final String PREFIX = "ss2d_";
  private static final String SUFFIX = ".safetensors";
  private static final double BOUND = 1e-5;
  private static final double BF16_BOUND = 2e-2;
  private static final double GRADIENT_BOUND = 1e-4;
  private static final int INTERVAL = 16;
  private static final double LOG2_E = 1 / Math.log(2);

  static List<String> names() {
    return GoldenFiles.between(PREFIX, SUFFIX);
  }

  /** What a file holds, as the operation takes it. */
  private static final class Case {
    private final Arena arena;
    private final Checkpoint file;
    private final long batch;
    private final Grid grid;
    private final long channels;
    private final long states;
    private final long dtRank;
    private final long width;

    /** (4 * (dtRank + 2 * states), channels). */
    private final Tensor projection;

    private final CrossScan.Inputs inputs;
    private final Tensor out;
    private final Tensor saved;

    Case(String name, Checkpoint file, DType type, Arena arena) {
      this.arena = arena;
      this.file = file;
      StoredTensor stored = file.find("x").orElseThrow();
      Shape shape = stored.shape();
      batch = shape.size(0);
      grid = new Grid(shape.size(1), shape.size(2));
      channels = shape.size(3);
      states = file.find("A_logs").orElseThrow().shape().size(1);
      dtRank = file.find("dt_projs_weight").orElseThrow().shape().size(2);
      width = CrossScan.WALKS * (dtRank + 2 * states);
      projection =
          Tensor.of(arena, Shape.of(width, channels), GoldenFiles.floats(file, "x_proj_weight"));
      float[] a = perWalk("A_logs", states);
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) (-Math.exp(a[i]) * LOG2_E);
      }
      inputs =
          new CrossScan.Inputs(
              grid,
              walks(name),
              activation(type, GoldenFiles.floats(file, "x")),
              f32(batch, grid.pixels(), width),
              Tensor.of(
                  arena,
                  Shape.of(CrossScan.WALKS, dtRank, channels),
                  perWalk("dt_projs_weight", dtRank)),
              GoldenFiles.tensor(file, "dt_projs_bias", arena),
              Tensor.of(arena, Shape.of(CrossScan.WALKS, states, channels), a),
              Tensor.of(
                  arena, Shape.of(CrossScan.WALKS, channels), GoldenFiles.floats(file, "Ds")));
      out = f32(batch, grid.pixels(), channels);
      saved = f32(CrossScan.WALKS, batch, Math.ceilDiv(grid.pixels(), INTERVAL), states, channels);
    }

    private static CrossScan.Walks walks(String name) {
      return switch (name) {
        case "unidi" -> CrossScan.Walks.UNIDI;
        case "bidi" -> CrossScan.Walks.BIDI;
        default -> CrossScan.Walks.CROSS;
      };
    }

    Tensor f32(long... sizes) {
      return Tensor.allocate(arena, DType.F32, Shape.of(sizes));
    }

    /** (batch, pixels, channels) of a type, bfloat16 rounded to nearest even. */
    private Tensor activation(DType type, float... values) {
      Tensor tensor = Tensor.allocate(arena, type, Shape.of(batch, grid.pixels(), channels));
      if (type == DType.F32) {
        tensor.copyFrom(values);
        return tensor;
      }
      for (int i = 0; i < values.length; i++) {
        int bits = Float.floatToRawIntBits(values[i]);
        short rounded = (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
        tensor.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, rounded);
      }
      return tensor;
    }

    /** A tensor (4, channels, count), in whatever axes, as (4, count, channels). */
    float[] perWalk(String key, long count) {
      float[] values = GoldenFiles.floats(file, key);
      float[] result = new float[values.length];
      int wide = Math.toIntExact(channels);
      int high = Math.toIntExact(count);
      for (int i = 0; i < values.length; i++) {
        int walk = i / (wide * high);
        int channel = i / high % wide;
        result[(walk * high + i % high) * wide + channel] = values[i];
      }
      return result;
    }

    Linear project(Device device) {
      return Linear.of(
          inputs.u(),
          device.pack(arena, MatrixSource.of(projection), inputs.u().dtype()),
          null,
          0,
          inputs.projected());
    }
  }

  private static void forward(String name, DType type, double bound) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(PREFIX + name + SUFFIX));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2)) {
      Case c = new Case(name, file, type, arena);
      try (Plan plan =
          device.plan(List.of(c.project(device), new CrossScan(c.inputs, null, 0, c.out)))) {
        plan.run();
      }
      Numbers.assertClose("out", c.out, GoldenFiles.floats(file, "out"), bound);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void forward(String name) {
    forward(name, DType.F32, BOUND);
  }

  @ParameterizedTest
  @MethodSource("names")
  void bfloat16(String name) {
    forward(name, DType.BF16, BF16_BOUND);
  }

  @ParameterizedTest
  @MethodSource("names")
  void gradients(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(PREFIX + name + SUFFIX));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2)) {
      Case c = new Case(name, file, DType.F32, arena);
      long pixels = c.grid.pixels();
      long parameters = CrossScan.WALKS * (c.states + c.dtRank + 2) * c.channels;
      Tensor u = c.f32(c.batch, pixels, c.channels);
      Tensor parts = c.f32(ScanGradient.parts(c.channels), c.batch, pixels, c.width);
      Tensor parameterParts =
          c.f32(c.batch, CrossScan.WALKS * (c.states + c.dtRank + 2), c.channels);
      Tensor projected = c.f32(c.batch, pixels, c.width);
      Tensor projectionGradient = c.f32(c.width, c.channels);
      Tensor parameterGradient = c.f32(parameters);
      Tensor outGradient =
          Tensor.of(arena, Shape.of(c.batch, pixels, c.channels), GoldenFiles.floats(file, "dout"));
      try (Plan plan =
          device.plan(
              List.of(
                  c.project(device),
                  new CrossScan(c.inputs, c.saved, INTERVAL, c.out),
                  new CrossScanGradient(
                      c.inputs, c.saved, INTERVAL, outGradient, u, parts, parameterParts),
                  Sum.of(parts, projected),
                  Sum.of(parameterParts, parameterGradient),
                  Product.ofInput(Columns.of(projected), c.projection, 1, Columns.of(u)),
                  Product.ofWeight(
                      Columns.of(projected), Columns.of(c.inputs.u()), 0, projectionGradient)))) {
        plan.run();
      }
      Numbers.assertClose("u", u, GoldenFiles.floats(file, "grad_x"), GRADIENT_BOUND);
      Numbers.assertClose(
          "x_proj",
          projectionGradient,
          GoldenFiles.floats(file, "grad_x_proj_weight"),
          GRADIENT_BOUND);
      long at = 0;
      at = assertClose(c, parameterGradient, at, "A_logs", c.states);
      at = assertClose(c, parameterGradient, at, "dt_projs_weight", c.dtRank);
      at = assertClose(c, parameterGradient, at, "dt_projs_bias", 1);
      assertClose(c, parameterGradient, at, "Ds", 1);
    }
  }

  /** Compares the gradient of a parameter that begins at an element, and returns where it ends. */
  private static long assertClose(Case c, Tensor gradients, long at, String key, long count) {
    long elements = CrossScan.WALKS * count * c.channels;
    Tensor own =
        Tensor.of(
            gradients.segment().asSlice(at * Float.BYTES, elements * Float.BYTES),
            DType.F32,
            Shape.of(elements));
    Numbers.assertClose(key, own, c.perWalk("grad_" + key, count), GRADIENT_BOUND);
    return at + elements;
  }
}
