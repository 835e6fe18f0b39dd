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
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPool.Windows;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What makes maps of maps in heads of segmentation and detection, against double precision. */
@OnEveryTier
class MapGoldenTest {
  private static final String SUFFIX = ".safetensors";
  private static final String CONV = "conv_bn_relu_";
  private static final double BOUND = 1e-6;
  private static final double CONV_BOUND = 2e-6;
  private static final double ALIGN_BOUND = 1e-5;

  private static void run(Device device, Operation operation) {
    try (Plan plan = device.plan(List.of(operation))) {
      plan.run();
    }
  }

  private static void run(Operation operation) {
    try (Device device = Device.cpu(2)) {
      run(device, operation);
    }
  }

  private static Checkpoint open(String name) {
    return Checkpoint.open(GoldenFiles.path(name + SUFFIX));
  }

  private static Shape shape(Checkpoint file, String key) {
    return file.find(key)
        .orElseThrow(() -> new AssertionError("%s has no %s".formatted(file.path(), key)))
        .shape();
  }

  private static Grid grid(Checkpoint file, String key) {
    Shape shape = shape(file, key);
    return new Grid(shape.size(-2), shape.size(-1));
  }

  /** ([batch,] channels, height, width) as (batch, pixels, channels). */
  private static Tensor pixels(Checkpoint file, String key, Arena arena) {
    Shape shape = shape(file, key);
    long batch = shape.rank() == 3 ? 1 : shape.size(0);
    return Transpose.lastAxes(
        arena,
        Shape.of(batch, shape.size(-3), shape.size(-2) * shape.size(-1)),
        GoldenFiles.floats(file, key));
  }

  private static Tensor like(Tensor tensor, Arena arena) {
    return Tensor.allocate(arena, DType.F32, tensor.shape());
  }

  private static List<String> withSuffix(Checkpoint file, String suffix) {
    return file.keys().stream().filter(name -> name.endsWith(suffix)).toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bilinear(boolean corners) {
    try (Checkpoint file = open("bilinear");
        Arena arena = Arena.ofConfined()) {
      List<String> keys = withSuffix(file, corners ? ".corners" : ".halves");
      assertThat(keys).hasSize(6);
      for (String key : keys) {
        String source = key.startsWith("one.") ? "one" : "x";
        Tensor expected = pixels(file, key, arena);
        Tensor out = like(expected, arena);
        run(
            new Resize(
                Columns.of(pixels(file, source, arena)),
                grid(file, source),
                1,
                corners,
                0,
                Linear.Activation.NONE,
                grid(file, key),
                Columns.of(out)));
        Numbers.assertClose(key, out, expected.toFloats(), BOUND);
      }
    }
  }

  private static void pool(Checkpoint file, String source, String key, Windows windows) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor expected = pixels(file, key, arena);
      Tensor out = like(expected, arena);
      Grid grid = grid(file, source);
      assertThat(windows.over(grid)).as(key).isEqualTo(grid(file, key));
      run(new WindowPool(windows, Columns.of(pixels(file, source, arena)), grid, Columns.of(out)));
      // A maximum is one of the numbers.
      double bound = windows.side() == 0 ? BOUND : 0;
      Numbers.assertClose(key, out, expected.toFloats(), bound);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 6})
  void adaptive(int side) {
    try (Checkpoint file = open("pooling")) {
      Windows windows = Windows.adaptive(side, side);
      pool(file, "x", "adaptive" + side, windows);
      pool(file, "small", "small.adaptive" + side, windows);
    }
  }

  @Test
  void maximum() {
    try (Checkpoint file = open("pooling")) {
      pool(file, "x", "max2", Windows.maximum(2, 2));
      pool(file, "x", "max4", Windows.maximum(4, 4));
      pool(file, "x", "subsample2", Windows.maximum(1, 2));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"7.s4", "7.s8", "14.s4", "14.s8"})
  void roiAlign(String key) {
    try (Checkpoint file = open("roi_align");
        Arena arena = Arena.ofConfined()) {
      Tensor expected = pixels(file, key, arena);
      Tensor out = like(expected, arena);
      float[] corners = GoldenFiles.floats(file, "boxes");
      float[] boxes = new float[corners.length / 4 * 5];
      for (int i = 0; i < corners.length; i++) {
        boxes[i / 4 * 5 + i % 4] = corners[i];
      }
      int at = key.indexOf(".s");
      run(
          new RoiAlign(
              List.of(
                  new RoiAlign.Level(
                      pixels(file, "x", arena),
                      grid(file, "x"),
                      1f / Integer.parseInt(key.substring(at + 2)))),
              Tensor.of(arena, Shape.of(boxes.length / 5, 5), boxes),
              Integer.parseInt(key.substring(0, at)),
              out));
      Numbers.assertClose(key, out, expected.toFloats(), ALIGN_BOUND);
    }
  }

  /** A matrix for each tap of a weight (columns, depth, taps), or (depth, columns, taps). */
  private static PackedMatrix packed(Device device, Arena arena, Tensor weight, boolean exchanged) {
    Shape shape = weight.shape();
    long taps = shape.size(2) * shape.size(3);
    long outer = shape.size(1) * taps;
    List<MatrixSource> sources =
        LongStream.range(0, taps)
            .mapToObj(
                tap ->
                    new MatrixSource(
                        weight.segment().asSlice(tap * Float.BYTES),
                        DType.F32,
                        shape.size(exchanged ? 1 : 0),
                        shape.size(exchanged ? 0 : 1),
                        exchanged ? taps : outer,
                        exchanged ? outer : taps,
                        null))
            .toList();
    return device.pack(arena, sources, DType.F32);
  }

  static List<String> convolutions() {
    return GoldenFiles.between(CONV, SUFFIX);
  }

  @ParameterizedTest
  @MethodSource("convolutions")
  void convolution(String name) {
    try (Checkpoint file = open(CONV + name);
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Tensor weight = GoldenFiles.tensor(file, "folded_weight", arena);
      int side = Math.toIntExact(weight.shape().size(-1));
      Tensor expected = pixels(file, "out", arena);
      Tensor out = like(expected, arena);
      run(
          device,
          Conv2d.of(
              pixels(file, "x", arena),
              grid(file, "x"),
              packed(device, arena, weight, false),
              GoldenFiles.tensor(file, "folded_bias", arena),
              Kernel.square(side, 1, side / 2),
              Linear.Activation.RELU,
              out));
      Numbers.assertClose("out", out, expected.toFloats(), CONV_BOUND);
    }
  }

  @Test
  void transposedConvolution() {
    try (Checkpoint file = open("deconv_2x2");
        Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Tensor weight = GoldenFiles.tensor(file, "weight", arena);
      Tensor expected = pixels(file, "out", arena);
      Tensor out = like(expected, arena);
      run(
          device,
          new Conv2d(
              Columns.of(pixels(file, "x", arena)),
              grid(file, "x"),
              packed(device, arena, weight, true),
              GoldenFiles.tensor(file, "bias", arena),
              Kernel.square(2, 2, 0),
              true,
              0,
              Linear.Activation.NONE,
              grid(file, "out"),
              out));
      Numbers.assertClose("out", out, expected.toFloats(), CONV_BOUND);
    }
  }
}
