package io.panamba.tests.golden;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The scan against double precision. The files give dt before its bias and softplus for every
 * channel, which is a dt projection by the identity.
 */
@OnEveryTier
class SelectiveScanGoldenTest {
  private static final String PREFIX = "selective_scan_";
  private static final String SUFFIX = ".safetensors";
  private static final double BOUND = 1e-5;
  private static final double LOG2_E = 1 / Math.log(2);

  static List<String> names() {
    return GoldenFiles.between(PREFIX, SUFFIX);
  }

  /** What a file holds, channels last. */
  static final class Case {
    final Tensor u;
    final Tensor projected;
    final Tensor dtWeight;
    final Tensor dtBias;
    final Tensor a;
    final Tensor d;

    /** The gate, or null. */
    final Tensor z;

    final Tensor expected;

    final Tensor expectedState;
    final Tensor out;
    final Tensor state;

    Case(Checkpoint file, Arena arena) {
      u = GoldenFiles.transposed(file, "u", arena);
      Tensor delta = GoldenFiles.transposed(file, "delta", arena);
      Tensor b = GoldenFiles.transposed(file, "B", arena);
      Tensor c = GoldenFiles.transposed(file, "C", arena);
      projected = concatenate(arena, delta, b, c);
      long channels = u.shape().size(2);
      dtWeight = identity(arena, Math.toIntExact(channels));
      dtBias = GoldenFiles.tensor(file, "delta_bias", arena);
      a = GoldenFiles.transposed(file, "A", arena);
      float[] scaled = a.toFloats();
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] = (float) (scaled[i] * LOG2_E);
      }
      a.copyFrom(scaled);
      d = GoldenFiles.tensor(file, "D", arena);
      z = file.find("z").isPresent() ? GoldenFiles.transposed(file, "z", arena) : null;
      expected = GoldenFiles.transposed(file, "out", arena);
      expectedState = GoldenFiles.transposed(file, "last_state", arena);
      out = Tensor.allocate(arena, DType.F32, expected.shape());
      state = Tensor.allocate(arena, DType.F32, expectedState.shape());
    }
  }

  /** Joins (batch, length, ...) tensors along the last axis. */
  static Tensor concatenate(Arena arena, Tensor... parts) {
    long width = 0;
    for (Tensor part : parts) {
      width += part.shape().size(2);
    }
    Shape first = parts[0].shape();
    Shape shape = Shape.of(first.size(0), first.size(1), width);
    float[] joined = new float[Math.toIntExact(shape.elements())];
    int column = 0;
    for (Tensor part : parts) {
      float[] values = part.toFloats();
      int count = Math.toIntExact(part.shape().size(2));
      for (int row = 0; row < values.length / count; row++) {
        System.arraycopy(values, row * count, joined, row * Math.toIntExact(width) + column, count);
      }
      column += count;
    }
    return Tensor.of(arena, shape, joined);
  }

  private static Tensor identity(Arena arena, int size) {
    float[] values = new float[size * size];
    for (int i = 0; i < size; i++) {
      values[i * size + i] = 1;
    }
    return Tensor.of(arena, Shape.of(size, size), values);
  }

  private static SelectiveScan.Direction direction(Case c, Tensor u, Tensor projected) {
    return new SelectiveScan.Direction(
        u, projected, c.dtWeight, c.dtBias, c.a, c.d, null, c.state, null);
  }

  private static void run(SelectiveScan scan) {
    try (Device device = Device.cpu(2);
        Plan plan = device.plan(List.of(scan))) {
      plan.run();
    }
  }

  static Columns gate(Tensor z) {
    return z == null ? null : Columns.of(z);
  }

  @ParameterizedTest
  @MethodSource("names")
  void forward(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(PREFIX + name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      run(
          new SelectiveScan(
              direction(c, c.u, c.projected), null, gate(c.z), 1, null, 0, false, c.out));
      Numbers.assertClose("out", c.out, c.expected.toFloats(), BOUND);
      Numbers.assertClose("last state", c.state, c.expectedState.toFloats(), BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void backwardIsForwardOfTheReversedSequence(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(PREFIX + name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      Tensor u = Transpose.reversed(arena, c.u);
      Tensor projected = Transpose.reversed(arena, c.projected);
      Tensor z = c.z == null ? null : Transpose.reversed(arena, c.z);
      run(new SelectiveScan(null, direction(c, u, projected), gate(z), 1, null, 0, false, c.out));
      Tensor expected = Transpose.reversed(arena, c.expected);
      Numbers.assertClose("out", c.out, expected.toFloats(), BOUND);
      Numbers.assertClose("last state", c.state, c.expectedState.toFloats(), BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bothDirectionsAreTheirSumHalved(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(PREFIX + name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      SelectiveScan.Direction direction = direction(c, c.u, c.projected);
      run(new SelectiveScan(null, direction, gate(c.z), 1, null, 0, false, c.out));
      float[] expected = c.out.toFloats();
      float[] forward = c.expected.toFloats();
      for (int i = 0; i < expected.length; i++) {
        expected[i] = (expected[i] + forward[i]) / 2;
      }
      run(new SelectiveScan(direction, direction, gate(c.z), 0.5f, null, 0, false, c.out));
      Numbers.assertClose("out", c.out, expected, BOUND);
    }
  }
}
