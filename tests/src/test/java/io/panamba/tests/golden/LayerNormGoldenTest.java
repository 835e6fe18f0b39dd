package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.Sum;
import io.panamba.runtime.oracle.ScalarNorm;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Layer norms, alone and between patch merging and its product, against double precision. */
@OnEveryTier
class LayerNormGoldenTest {
  private static final String NORM = "layer_norm_eps1e5_";
  private static final String MERGING = "patch_merging_";
  private static final String PLANES = "layer_norm_2d";
  private static final String SUFFIX = ".safetensors";
  private static final float EPS = 1e-5f;
  private static final float PLANES_EPS = 1e-6f;
  private static final double BOUND = 2e-6;

  /** Of the magnitude, as in the sweep of a norm's gradient. */
  private static final double NORM_BOUND = 3e-6;

  /** Of the magnitude: the file's numbers are rounded to float32, and so is the operation's eps. */
  private static final double ORACLE_BOUND = 0x1p-23;

  static List<String> norms() {
    return GoldenFiles.between(NORM, SUFFIX);
  }

  static List<String> mergings() {
    return GoldenFiles.between(MERGING, SUFFIX);
  }

  /** The parameters of a norm, and where its results go. */
  private static final class Case {
    final Arena arena;
    final Tensor weight;
    final Tensor bias;
    final Tensor x;
    final Tensor out;
    final Tensor xGradient;
    final Tensor weightGradient;
    final Tensor biasGradient;
    final Tensor parts;

    Case(Tensor weight, Tensor bias, Tensor x, Arena arena) {
      this.arena = arena;
      this.weight = weight;
      this.bias = bias;
      this.x = x;
      long dim = weight.shape().size(0);
      out = like(x);
      xGradient = like(x);
      weightGradient = like(weight);
      biasGradient = like(weight);
      long rows = x.shape().elements() / dim;
      parts = Tensor.allocate(arena, DType.F32, Shape.of(NormGradient.parts(rows), 2, dim));
    }

    Tensor like(Tensor tensor) {
      return Tensor.allocate(arena, DType.F32, tensor.shape());
    }

    Norm forward() {
      return Norm.of(Norm.Kind.LAYER, x, weight, bias, EPS, out);
    }

    List<Operation> gradients(Tensor outGradient) {
      return List.of(
          new NormGradient(Norm.Kind.LAYER, x, weight, EPS, outGradient, 0, xGradient, parts),
          Sum.of(parts, weightGradient),
          Sum.of(parts, weight.shape().elements(), biasGradient));
    }
  }

  private static void run(Device device, List<Operation> operations) {
    try (Plan plan = device.plan(operations)) {
      plan.run();
    }
  }

  /**
   * Compares some numbers with the file, and with the oracle by their magnitudes: where a row's
   * deviation is far below its mean, what the mean rounds is large beside the result.
   */
  private static void assertClose(
      String key, Tensor actual, Values oracle, int first, int count, Checkpoint file) {
    float[] golden = GoldenFiles.floats(file, key);
    Values expected = new Values(count);
    for (int i = 0; i < count; i++) {
      double value = oracle.value(first + i);
      double magnitude = oracle.magnitude(first + i);
      assertThat(Math.abs(value - golden[i]))
          .as("%s of the oracle at %d, beside %s", key, i, golden[i])
          .isLessThanOrEqualTo(ORACLE_BOUND * magnitude + Float.MIN_NORMAL);
      expected.set(i, value, magnitude);
    }
    expected.assertClose(actual.toFloats(), NORM_BOUND, key);
  }

  private static void assertClose(String key, Tensor actual, Values oracle, Checkpoint file) {
    assertClose(key, actual, oracle, 0, oracle.count(), file);
  }

  @ParameterizedTest
  @MethodSource("norms")
  void norm(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(NORM + name + SUFFIX));
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Case c =
          new Case(
              GoldenFiles.tensor(file, "weight", arena),
              GoldenFiles.tensor(file, "bias", arena),
              GoldenFiles.tensor(file, "x", arena),
              arena);
      Norm norm = c.forward();
      run(device, List.of(norm));
      assertClose("out", c.out, ScalarNorm.out(norm, c.x.toFloats()), file);
      List<Operation> backward = c.gradients(GoldenFiles.tensor(file, "dout", arena));
      run(device, backward);
      ScalarNorm.Gradients expected =
          ScalarNorm.gradients(
              (NormGradient) backward.getFirst(), new float[c.x.toFloats().length]);
      assertClose("grad_x", c.xGradient, expected.residual(), file);
      int dim = Math.toIntExact(c.weight.shape().elements());
      assertClose("grad_weight", c.weightGradient, expected.parts(), 0, dim, file);
      assertClose("grad_bias", c.biasGradient, expected.parts(), dim, dim, file);
    }
  }

  /** Over the channels of pixels that the file holds as planes, with an eps of its own. */
  @Test
  void planes() {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(PLANES + SUFFIX));
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Shape image = file.find("x").orElseThrow().shape();
      Shape planes = Shape.of(image.size(0), image.size(1), image.size(2) * image.size(3));
      Tensor x = Transpose.lastAxes(arena, planes, GoldenFiles.floats(file, "x"));
      Tensor out = Tensor.allocate(arena, DType.F32, x.shape());
      Tensor weight = GoldenFiles.tensor(file, "weight", arena);
      Tensor bias = GoldenFiles.tensor(file, "bias", arena);
      Norm norm = Norm.of(Norm.Kind.LAYER, x, weight, bias, PLANES_EPS, out);
      run(device, List.of(norm));
      Values oracle = ScalarNorm.out(norm, x.toFloats());
      oracle.assertClose(out.toFloats(), NORM_BOUND, "out");
      float[] golden =
          Transpose.lastAxes(arena, planes, GoldenFiles.floats(file, "out")).toFloats();
      oracle.assertClose(golden, ORACLE_BOUND, "out of the oracle");
    }
  }

  private static Tensor pixels(Checkpoint file, String key, Arena arena) {
    Tensor tensor = GoldenFiles.tensor(file, key, arena);
    Shape shape = tensor.shape();
    return tensor.reshape(Shape.of(shape.size(0), shape.size(1) * shape.size(2), shape.size(3)));
  }

  @ParameterizedTest
  @MethodSource("mergings")
  void patchMerging(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(MERGING + name + SUFFIX));
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Shape image = file.find("x").orElseThrow().shape();
      Grid grid = new Grid(image.size(1), image.size(2));
      Tensor x = pixels(file, "x", arena);
      Tensor expected = pixels(file, "out", arena);
      Tensor outGradient = pixels(file, "dout", arena);
      Tensor reduction = GoldenFiles.tensor(file, "reduction_weight", arena);
      Tensor merged =
          Tensor.allocate(
              arena,
              DType.F32,
              Shape.of(image.size(0), PatchMerging.merged(grid).pixels(), 4 * image.size(3)));
      Case c =
          new Case(
              GoldenFiles.tensor(file, "norm_weight", arena),
              GoldenFiles.tensor(file, "norm_bias", arena),
              merged,
              arena);
      Tensor out = c.like(expected);
      run(
          device,
          List.of(
              new PatchMerging(x, grid, false, merged),
              c.forward(),
              Linear.of(
                  c.out, device.pack(arena, MatrixSource.of(reduction), DType.F32), null, 0, out)));
      Numbers.assertClose("out", out, expected.toFloats(), BOUND);

      Tensor normGradient = c.like(merged);
      Tensor reductionGradient = c.like(reduction);
      Tensor xGradient = c.like(x);
      run(
          device,
          List.of(
              Product.ofInput(Columns.of(outGradient), reduction, 0, Columns.of(normGradient)),
              Product.ofWeight(Columns.of(outGradient), Columns.of(c.out), 0, reductionGradient)));
      run(device, c.gradients(normGradient));
      run(device, List.of(new PatchMerging(xGradient, grid, true, c.xGradient)));
      Numbers.assertClose(
          "reduction", reductionGradient, GoldenFiles.floats(file, "grad_reduction_weight"), BOUND);
      Numbers.assertClose(
          "norm weight", c.weightGradient, GoldenFiles.floats(file, "grad_norm_weight"), BOUND);
      Numbers.assertClose(
          "norm bias", c.biasGradient, GoldenFiles.floats(file, "grad_norm_bias"), BOUND);
      Numbers.assertClose("x", xGradient, GoldenFiles.floats(file, "grad_x"), BOUND);
    }
  }
}
