package io.panamba.tests.golden;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ConvGradient;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Sum;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The gradients of the scan and of the convolution against double precision. */
@OnEveryTier
class GradientGoldenTest {
  private static final String SCAN = "selective_scan_";
  private static final String CONV = "causal_conv1d_silu_";
  private static final String SUFFIX = ".safetensors";
  private static final double BOUND = 1e-5;
  private static final int INTERVAL = 16;

  static List<String> scans() {
    return GoldenFiles.between(SCAN, SUFFIX);
  }

  static List<String> convs() {
    return GoldenFiles.between(CONV, SUFFIX);
  }

  private static Tensor f32(Arena arena, long... sizes) {
    return Tensor.allocate(arena, DType.F32, Shape.of(sizes));
  }

  private static void run(Operation... operations) {
    try (Device device = Device.cpu(2);
        Plan plan = device.plan(List.of(operations))) {
      plan.run();
    }
  }

  /** What a run of the gradient gave. */
  private record Gradients(
      Tensor u, Tensor z, Tensor projected, Tensor aLog, Tensor dtBias, Tensor d, Tensor out) {}

  private static Gradients gradients(
      SelectiveScanGoldenTest.Case c,
      Tensor u,
      Tensor projected,
      Tensor z,
      Tensor outGradient,
      boolean backward,
      Arena arena) {
    long batch = u.shape().size(0);
    long length = u.shape().size(1);
    long channels = u.shape().size(2);
    long states = c.a.shape().size(0);
    long dtRank = c.dtWeight.shape().size(0);
    long width = projected.shape().size(2);
    long rows = states + dtRank + 2;
    Tensor saved = f32(arena, batch, Math.ceilDiv(length, INTERVAL), states, channels);
    SelectiveScan.Direction scan =
        new SelectiveScan.Direction(
            u, projected, c.dtWeight, c.dtBias, c.a, c.d, null, null, saved);
    Gradients g =
        new Gradients(
            f32(arena, batch, length, channels),
            z == null ? null : f32(arena, batch, length, channels),
            f32(arena, batch, length, width),
            f32(arena, states, channels),
            f32(arena, channels),
            f32(arena, channels),
            f32(arena, batch, length, channels));
    ScanGradient.Direction direction =
        new ScanGradient.Direction(
            scan,
            g.u,
            f32(arena, ScanGradient.parts(channels), batch, length, width),
            f32(arena, batch, rows, channels));
    run(
        new SelectiveScan(
            backward ? null : scan,
            backward ? scan : null,
            SelectiveScanGoldenTest.gate(z),
            1,
            null,
            INTERVAL,
            false,
            c.out),
        new ScanGradient(
            outGradient,
            SelectiveScanGoldenTest.gate(z),
            null,
            SelectiveScanGoldenTest.gate(g.z),
            g.out,
            backward ? null : direction,
            backward ? direction : null,
            1,
            INTERVAL),
        Sum.of(direction.projectedParts(), g.projected),
        Sum.of(direction.parameterParts(), g.aLog),
        Sum.of(direction.parameterParts(), (states + dtRank) * channels, g.dtBias),
        Sum.of(direction.parameterParts(), (states + dtRank + 1) * channels, g.d));
    return g;
  }

  @ParameterizedTest
  @MethodSource("scans")
  void scan(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(SCAN + name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      SelectiveScanGoldenTest.Case c = new SelectiveScanGoldenTest.Case(file, arena);
      Tensor outGradient = GoldenFiles.transposed(file, "dout", arena);
      Gradients g = gradients(c, c.u, c.projected, c.z, outGradient, false, arena);
      float[] u = GoldenFiles.transposed(file, "grad_u", arena).toFloats();
      Tensor projected =
          SelectiveScanGoldenTest.concatenate(
              arena,
              GoldenFiles.transposed(file, "grad_delta", arena),
              GoldenFiles.transposed(file, "grad_B", arena),
              GoldenFiles.transposed(file, "grad_C", arena));
      Numbers.assertClose("out", g.out, c.expected.toFloats(), BOUND);
      Numbers.assertClose("u", g.u, u, BOUND);
      Numbers.assertClose("projected", g.projected, projected.toFloats(), BOUND);
      // A = -e^A_log, so that the gradient of A_log is that of A times A.
      float[] aLog = GoldenFiles.transposed(file, "grad_A", arena).toFloats();
      float[] a = GoldenFiles.transposed(file, "A", arena).toFloats();
      for (int i = 0; i < aLog.length; i++) {
        aLog[i] *= a[i];
      }
      Numbers.assertClose("A_log", g.aLog, aLog, BOUND);
      Numbers.assertClose("dt bias", g.dtBias, GoldenFiles.floats(file, "grad_delta_bias"), BOUND);
      Numbers.assertClose("D", g.d, GoldenFiles.floats(file, "grad_D"), BOUND);
      if (c.z != null) {
        float[] z = GoldenFiles.transposed(file, "grad_z", arena).toFloats();
        Numbers.assertClose("z", g.z, z, BOUND);
      }

      Gradients reversed =
          gradients(
              c,
              Transpose.reversed(arena, c.u),
              Transpose.reversed(arena, c.projected),
              c.z == null ? null : Transpose.reversed(arena, c.z),
              Transpose.reversed(arena, outGradient),
              true,
              arena);
      Numbers.assertSameBits("reversed u", reversed.u, Transpose.reversed(arena, g.u));
      Numbers.assertSameBits(
          "reversed projected", reversed.projected, Transpose.reversed(arena, g.projected));
      Numbers.assertSameBits("reversed A_log", reversed.aLog, g.aLog);
    }
  }

  @ParameterizedTest
  @MethodSource("convs")
  void conv(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(CONV + name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      Tensor x = GoldenFiles.transposed(file, "x", arena);
      Tensor outGradient = GoldenFiles.transposed(file, "dout", arena);
      Shape stored = file.find("weight").orElseThrow().shape();
      Shape matrix = Shape.of(stored.size(0), stored.size(2));
      Tensor weight = Transpose.lastAxes(arena, matrix, GoldenFiles.floats(file, "weight"));
      long kernel = stored.size(2);
      long channels = stored.size(0);
      Tensor parts = f32(arena, x.shape().size(0), kernel + 1, channels);
      Tensor xGradient = Tensor.allocate(arena, DType.F32, x.shape());
      Tensor weightGradient = f32(arena, kernel, channels);
      Tensor biasGradient = f32(arena, channels);
      run(
          new ConvGradient(
              Columns.of(x),
              Columns.of(xGradient),
              new ConvGradient.Direction(
                  weight, GoldenFiles.tensor(file, "bias", arena), outGradient, parts),
              null),
          Sum.of(parts, weightGradient),
          Sum.of(parts, kernel * channels, biasGradient));
      float[] expected = GoldenFiles.transposed(file, "grad_x", arena).toFloats();
      Tensor expectedWeight =
          Transpose.lastAxes(arena, matrix, GoldenFiles.floats(file, "grad_weight"));
      Numbers.assertClose("x", xGradient, expected, BOUND);
      Numbers.assertClose("weight", weightGradient, expectedWeight.toFloats(), BOUND);
      Numbers.assertClose("bias", biasGradient, GoldenFiles.floats(file, "grad_bias"), BOUND);
    }
  }
}
