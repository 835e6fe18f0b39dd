package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.ActivationGradient;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.OnEveryTier;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** GELU in the form of the error function against double precision: alone, as epilogue, derived. */
@OnEveryTier
class GeluGoldenTest {
  private static final String FILE = "gelu_erf.safetensors";
  private static final double BOUND = 3e-7;

  private static void run(Device device, Operation operation) {
    try (Plan plan = device.plan(List.of(operation))) {
      plan.run();
    }
  }

  /** Absolutely where numbers are small, and relative to them where they are large. */
  private static void assertClose(String what, float[] x, float[] actual, float[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      if (Float.isNaN(expected[i])) {
        assertThat(actual[i]).as("%s at %s", what, x[i]).isNaN();
      } else if (Float.isInfinite(expected[i])) {
        assertThat(actual[i]).as("%s at %s", what, x[i]).isEqualTo(expected[i]);
      } else {
        assertThat(Math.abs((double) actual[i] - expected[i]))
            .as("error of %s at %s, which is %s", what, x[i], actual[i])
            .isLessThanOrEqualTo(BOUND * Math.max(1, Math.abs(expected[i])));
      }
    }
  }

  @Test
  void values() {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(FILE));
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Tensor x = GoldenFiles.tensor(file, "x", arena);
      float[] expected = GoldenFiles.floats(file, "out");
      Tensor out = Tensor.allocate(arena, DType.F32, x.shape());
      run(device, new Pointwise(Pointwise.Kind.GELU, Columns.of(x), Columns.of(out)));
      assertClose("gelu", x.toFloats(), out.toFloats(), expected);

      // A layer of one column, whose sum is x itself.
      PackedMatrix one =
          device.pack(arena, MatrixSource.of(Tensor.of(arena, Shape.of(1, 1), 1)), DType.F32);
      Shape column = Shape.of(x.shape().elements(), 1);
      Tensor activated = Tensor.allocate(arena, DType.F32, column);
      run(
          device,
          new Linear(
              Columns.of(x.reshape(column)),
              one,
              null,
              0,
              Linear.Activation.GELU,
              Columns.of(activated)));
      assertClose("a layer's gelu", x.toFloats(), activated.toFloats(), expected);
    }
  }

  @Test
  void derivative() {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(FILE));
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Tensor x = GoldenFiles.tensor(file, "x", arena);
      float[] ones = new float[Math.toIntExact(x.shape().elements())];
      Arrays.fill(ones, 1);
      Columns gradient = Columns.of(Tensor.of(arena, x.shape(), ones));
      run(
          device,
          new ActivationGradient(Linear.Activation.GELU, Columns.of(x), gradient, gradient));
      assertClose(
          "the derivative",
          x.toFloats(),
          gradient.tensor().toFloats(),
          GoldenFiles.floats(file, "derivative"));
    }
  }
}
