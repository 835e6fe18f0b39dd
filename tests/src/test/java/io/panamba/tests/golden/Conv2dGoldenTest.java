package io.panamba.tests.golden;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.Sum;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions of pixels and of planes, and their gradients, against double precision. */
@OnEveryTier
class Conv2dGoldenTest {
  private static final String SUFFIX = ".safetensors";
  private static final String STEM = "_stem_";
  private static final double BOUND = 2e-6;

  private static Stream<String> all() {
    return Stream.of("conv2x2s2_", "conv3x3s2_", "conv4x4s4_")
        .flatMap(prefix -> GoldenFiles.between(prefix, SUFFIX).stream().map(name -> prefix + name));
  }

  static Stream<String> ofPixels() {
    return all().filter(name -> !name.contains(STEM));
  }

  static Stream<String> ofPlanes() {
    return all().filter(name -> name.contains(STEM));
  }

  /** What a file holds. Pixels lie row by row, (batch, pixels, channels). */
  private static final class Case {
    final Checkpoint file;
    final Arena arena;
    final Kernel kernel;
    final Tensor weight;
    final Tensor bias;
    final Tensor expected;
    final Tensor outGradient;
    final int columns;
    final int channels;

    Case(Checkpoint file, Arena arena) {
      this.file = file;
      this.arena = arena;
      weight = GoldenFiles.tensor(file, "weight", arena);
      columns = Math.toIntExact(weight.shape().size(0));
      channels = Math.toIntExact(weight.shape().size(1));
      int side = Math.toIntExact(weight.shape().size(2));
      // Only those of 3 x 3 taps reach beyond the image, by one pixel.
      int stride = side == 3 ? 2 : side;
      kernel = Kernel.square(side, stride, side == 3 ? 1 : 0);
      bias = GoldenFiles.tensor(file, "bias", arena);
      expected = pixels("out");
      outGradient = pixels("dout");
    }

    Tensor pixels(String key) {
      Tensor tensor = GoldenFiles.tensor(file, key, arena);
      Shape shape = tensor.shape();
      return tensor.reshape(Shape.of(shape.size(0), shape.size(1) * shape.size(2), shape.size(3)));
    }

    Grid grid(String key) {
      Shape shape = file.find(key).orElseThrow().shape();
      return new Grid(shape.size(1), shape.size(2));
    }

    /** The weight (columns, channels, taps) as a matrix for each tap, or of its transpose. */
    PackedMatrix packed(Device device, boolean transposed) {
      long taps = kernel.taps();
      List<MatrixSource> sources =
          LongStream.range(0, taps)
              .mapToObj(
                  tap ->
                      new MatrixSource(
                          weight.segment().asSlice(tap * Float.BYTES),
                          DType.F32,
                          transposed ? channels : columns,
                          transposed ? columns : channels,
                          transposed ? taps : channels * taps,
                          transposed ? channels * taps : taps,
                          null))
              .toList();
      return device.pack(arena, sources, DType.F32);
    }

    Tensor like(Tensor tensor) {
      return Tensor.allocate(arena, DType.F32, tensor.shape());
    }

    void assertBias(Device device) {
      Tensor gradient = like(bias);
      run(device, Sum.ofRows(Columns.of(outGradient), gradient));
      Numbers.assertClose("bias", gradient, GoldenFiles.floats(file, "grad_bias"), BOUND);
    }
  }

  private static void run(Device device, Operation... operations) {
    try (Plan plan = device.plan(List.of(operations))) {
      plan.run();
    }
  }

  /** (columns, channels, taps) as the gradient of the weight has it: (taps, channels, columns). */
  private static float[] byTap(float[] stored, int channels, int taps) {
    float[] values = new float[stored.length];
    int columns = stored.length / (channels * taps);
    for (int i = 0; i < stored.length; i++) {
      int channel = i / taps % channels;
      int column = i / (taps * channels);
      values[(i % taps * channels + channel) * columns + column] = stored[i];
    }
    return values;
  }

  @ParameterizedTest
  @MethodSource("ofPixels")
  void pixels(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(name + SUFFIX));
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      Tensor x = c.pixels("x");
      Grid grid = c.grid("x");
      Tensor out = c.like(c.expected);
      Linear.Activation none = Linear.Activation.NONE;
      run(device, Conv2d.of(x, grid, c.packed(device, false), c.bias, c.kernel, none, out));
      Numbers.assertClose("out", out, c.expected.toFloats(), BOUND);

      Tensor xGradient = c.like(x);
      Tensor weightGradient =
          Tensor.allocate(arena, DType.F32, Shape.of(c.kernel.taps(), c.channels, c.columns));
      run(
          device,
          new Conv2d(
              Columns.of(c.outGradient),
              c.grid("out"),
              c.packed(device, true),
              null,
              c.kernel,
              true,
              0,
              none,
              grid,
              xGradient),
          new Conv2dGradient(x, grid, c.outGradient, c.kernel, 0, weightGradient));
      Numbers.assertClose("x", xGradient, GoldenFiles.floats(file, "grad_x"), BOUND);
      float[] expected =
          byTap(GoldenFiles.floats(file, "grad_weight"), c.channels, c.kernel.taps());
      Numbers.assertClose("weight", weightGradient, expected, BOUND);
      c.assertBias(device);
    }
  }

  /** The gradients are those of products with the image's patches. */
  @ParameterizedTest
  @MethodSource("ofPlanes")
  void planes(String name) {
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(name + SUFFIX));
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Case c = new Case(file, arena);
      Tensor image = GoldenFiles.tensor(file, "x", arena);
      int depth = c.channels * c.kernel.taps();
      Tensor matrix = c.weight.reshape(Shape.of(c.columns, depth));
      Tensor out = c.like(c.expected);
      run(
          device,
          new PlanarConv2d(
              image,
              null,
              device.pack(arena, MatrixSource.of(matrix), DType.F32),
              c.bias,
              c.kernel,
              Linear.Activation.NONE,
              out));
      Numbers.assertClose("out", out, c.expected.toFloats(), BOUND);

      long batch = out.shape().size(0);
      long pixels = out.shape().size(1);
      Tensor patches = Tensor.allocate(arena, DType.F32, Shape.of(batch, pixels, depth));
      Tensor patchGradient = c.like(patches);
      Tensor weightGradient = c.like(matrix);
      Tensor imageGradient = c.like(image);
      int side = c.kernel.height();
      int stride = c.kernel.stride();
      int padding = c.kernel.padding();
      run(
          device,
          new Patches(image, ClassIndex.NONE, side, stride, padding, patches),
          Product.ofWeight(Columns.of(c.outGradient), Columns.of(patches), 0, weightGradient),
          Product.ofInput(Columns.of(c.outGradient), matrix, 0, Columns.of(patchGradient)),
          new PatchesGradient(
              patchGradient, ClassIndex.NONE, side, stride, padding, imageGradient));
      Numbers.assertClose("weight", weightGradient, GoldenFiles.floats(file, "grad_weight"), BOUND);
      Numbers.assertClose("x", imageGradient, GoldenFiles.floats(file, "grad_x"), BOUND);
      c.assertBias(device);
    }
  }
}
