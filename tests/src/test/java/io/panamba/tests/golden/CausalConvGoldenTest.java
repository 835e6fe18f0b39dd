package io.panamba.tests.golden;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The causal convolution against double precision. */
@OnEveryTier
class CausalConvGoldenTest {
  private static final String PREFIX = "causal_conv1d_silu_";
  private static final String SUFFIX = ".safetensors";
  private static final double BOUND = 1e-5;

  static List<String> names() {
    return GoldenFiles.between(PREFIX, SUFFIX);
  }

  /** (channels, 1, kernel) as the operation takes it: (kernel, channels). */
  private static Tensor weight(Checkpoint file, Arena arena) {
    Shape shape = file.find("weight").orElseThrow().shape();
    return Transpose.lastAxes(
        arena, Shape.of(shape.size(0), shape.size(2)), GoldenFiles.floats(file, "weight"));
  }

  private static void run(CausalConv conv) {
    try (Device device = Device.cpu(2);
        Plan plan = device.plan(List.of(conv))) {
      plan.run();
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bothDirectionsFromOneReadOfX(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(PREFIX + name + SUFFIX));
        Arena arena = Arena.ofConfined()) {
      Tensor x = GoldenFiles.transposed(file, "x", arena);
      Tensor expected = GoldenFiles.transposed(file, "out", arena);
      Tensor weight = weight(file, arena);
      Tensor bias = GoldenFiles.tensor(file, "bias", arena);
      Tensor forward = Tensor.allocate(arena, DType.F32, x.shape());
      Tensor backward = Tensor.allocate(arena, DType.F32, x.shape());
      run(
          CausalConv.of(
              Columns.of(x),
              new CausalConv.Direction(weight, bias, forward),
              new CausalConv.Direction(weight, bias, backward)));
      Numbers.assertClose("forward", forward, expected.toFloats(), BOUND);

      Tensor reversed = Transpose.reversed(arena, x);
      Tensor alone = Tensor.allocate(arena, DType.F32, x.shape());
      run(CausalConv.of(Columns.of(reversed), null, new CausalConv.Direction(weight, bias, alone)));
      Numbers.assertClose(
          "backward of the reversed sequence",
          alone,
          Transpose.reversed(arena, expected).toFloats(),
          BOUND);

      run(CausalConv.of(Columns.of(reversed), new CausalConv.Direction(weight, bias, alone), null));
      Numbers.assertSameBits(
          "backward and forward of the reversed sequence",
          backward,
          Transpose.reversed(arena, alone));
    }
  }
}
