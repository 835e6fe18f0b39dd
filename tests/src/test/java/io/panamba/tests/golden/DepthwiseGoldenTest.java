package io.panamba.tests.golden;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.ActivationGradient;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Sum;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Depthwise convolutions, plain and with SiLU, and their gradients against double precision. */
@OnEveryTier
class DepthwiseGoldenTest {
  private static final String SILU = "depthwise3_silu_";
  private static final String SUFFIX = ".safetensors";
  private static final double BOUND = 2e-6;

  static Stream<String> names() {
    return Stream.of("depthwise7_", SILU)
        .flatMap(prefix -> GoldenFiles.between(prefix, SUFFIX).stream().map(name -> prefix + name));
  }

  private static void run(Operation... operations) {
    try (Device device = Device.cpu(2);
        Plan plan = device.plan(List.of(operations))) {
      plan.run();
    }
  }

  /** What a file holds. Pixels lie row by row, (batch, pixels, channels). */
  private static final class Case {
    final Checkpoint file;
    final Arena arena;
    final Linear.Activation activation;
    final Grid grid;
    final Tensor x;
    final Tensor weight;
    final Tensor bias;
    final Tensor expected;
    final Tensor out;

    Case(String name, Checkpoint file, Arena arena) {
      this.file = file;
      this.arena = arena;
      activation = name.startsWith(SILU) ? Linear.Activation.SILU : Linear.Activation.NONE;
      Shape shape = file.find("x").orElseThrow().shape();
      grid = new Grid(shape.size(1), shape.size(2));
      x = pixels("x");
      weight = byTap("weight");
      bias = file.find("bias").isPresent() ? GoldenFiles.tensor(file, "bias", arena) : null;
      expected = pixels("out");
      out = like(expected);
    }

    Tensor pixels(String key) {
      Tensor tensor = GoldenFiles.tensor(file, key, arena);
      Shape shape = tensor.shape();
      return tensor.reshape(Shape.of(shape.size(0), shape.size(1) * shape.size(2), shape.size(3)));
    }

    /** (channels, 1, side, side) as (side * side, channels). */
    Tensor byTap(String key) {
      Shape shape = file.find(key).orElseThrow().shape();
      return Transpose.lastAxes(
          arena,
          Shape.of(shape.size(0), shape.size(2) * shape.size(3)),
          GoldenFiles.floats(file, key));
    }

    Tensor like(Tensor tensor) {
      return Tensor.allocate(arena, DType.F32, tensor.shape());
    }

    DepthwiseConv forward(Linear.Activation activation, Columns gate, Tensor out) {
      return new DepthwiseConv(
          Columns.of(x), grid, weight, bias, gate, activation, false, Columns.of(out));
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void forward(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(name, file, arena);
      run(c.forward(c.activation, null, c.out));
      Numbers.assertClose("out", c.out, c.expected.toFloats(), BOUND);

      // A gate on the way has the bits of one after.
      Tensor gated = c.like(c.out);
      Columns gate = Columns.of(c.pixels("dout"));
      run(
          c.forward(c.activation, gate, gated),
          new Gate(gate, Columns.of(c.out), Columns.of(c.out)));
      Numbers.assertSameBits("gated", gated, c.out);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void gradients(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(name, file, arena);
      Columns gradient = Columns.of(c.pixels("dout"));
      Tensor xGradient = c.like(c.x);
      Shape taps = c.weight.shape();
      Tensor parts =
          Tensor.allocate(
              arena, DType.F32, Shape.of(c.x.shape().size(0), taps.size(0) + 1, taps.size(1)));
      Tensor weightGradient = c.like(c.weight);
      Tensor biasGradient = Tensor.allocate(arena, DType.F32, Shape.of(taps.size(1)));
      List<Operation> steps = new ArrayList<>();
      steps.add(c.forward(Linear.Activation.NONE, null, c.out));
      if (c.activation != Linear.Activation.NONE) {
        steps.add(new ActivationGradient(c.activation, Columns.of(c.out), gradient, gradient));
      }
      steps.add(
          new DepthwiseConv(
              gradient,
              c.grid,
              c.weight,
              null,
              null,
              Linear.Activation.NONE,
              true,
              Columns.of(xGradient)));
      steps.add(new DepthwiseConvGradient(Columns.of(c.x), c.grid, gradient, parts));
      steps.add(Sum.of(parts, weightGradient));
      steps.add(Sum.of(parts, c.weight.shape().elements(), biasGradient));
      run(steps.toArray(Operation[]::new));
      Numbers.assertClose("x", xGradient, GoldenFiles.floats(file, "grad_x"), BOUND);
      Numbers.assertClose("weight", weightGradient, c.byTap("grad_weight").toFloats(), BOUND);
      if (c.bias != null) {
        Numbers.assertClose("bias", biasGradient, GoldenFiles.floats(file, "grad_bias"), BOUND);
      }
    }
  }
}
