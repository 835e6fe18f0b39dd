package io.panamba.runtime.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.runtime.CudaException;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What cuDNN is asked to do, on a GPU that is none. */
class DnnPlanTest {
  private static final long BATCH = 2;
  private static final long CHANNELS = 8;
  private static final long COLUMNS = 16;
  private static final Grid GRID = new Grid(5, 4);

  private final FakeCuda fake = new FakeCuda(1, true);

  @AfterEach
  void nothingIsLeftOrMisused() {
    assertThat(fake.misuse()).isEmpty();
    assertThat(fake.left()).isEmpty();
  }

  /** Operations on a device, and what comes of them. */
  private static final class Scene {
    private final Device device;
    private final Arena arena;
    private final DType type;

    Scene(Device device, Arena arena, DType type) {
      this.device = device;
      this.arena = arena;
      this.type = type;
    }

    private static float[] values(Shape shape, float phase) {
      float[] values = new float[Math.toIntExact(shape.elements())];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) Math.sin(i + 10 * phase);
      }
      return values;
    }

    Tensor numbers(float phase, long... sizes) {
      Shape shape = Shape.of(sizes);
      return device.upload(arena, shape, values(shape, phase));
    }

    /** Numbers of the type, the same on every device. */
    Tensor activation(float phase, long... sizes) {
      Tensor numbers = numbers(phase, sizes);
      if (type == DType.F32) {
        return numbers;
      }
      Tensor rounded = empty(sizes);
      run(List.of(new Convert(Columns.of(numbers), Columns.of(rounded))));
      return rounded;
    }

    Tensor empty(long... sizes) {
      return device.allocate(arena, type, Shape.of(sizes));
    }

    PackedMatrix weight(int taps) {
      try (Arena local = Arena.ofConfined()) {
        List<MatrixSource> sources = new ArrayList<>();
        for (int tap = 0; tap < taps; tap++) {
          Shape shape = Shape.of(COLUMNS, CHANNELS);
          sources.add(MatrixSource.of(Tensor.of(local, shape, values(shape, 0.3f * tap))));
        }
        return device.pack(arena, sources, type);
      }
    }

    /** A convolution of columns in the middle of rows. */
    Conv2d convolution(Kernel kernel, boolean hasBias, Linear.Activation activation, long first) {
      Tensor input = activation(0.1f, BATCH, GRID.pixels(), 3 * CHANNELS);
      Grid outGrid = kernel.over(GRID);
      return new Conv2d(
          new Columns(input, first, CHANNELS),
          GRID,
          weight(kernel.taps()),
          hasBias ? numbers(0.2f, COLUMNS) : null,
          kernel,
          false,
          0,
          activation,
          outGrid,
          empty(BATCH, outGrid.pixels(), COLUMNS));
    }

    Attention attention(long queries) {
      Tensor qkv = activation(0.4f, BATCH, 6, 3 * 16);
      Tensor rows = queries == 6 ? qkv : activation(0.5f, BATCH, queries, 16);
      return new Attention(
          new Columns(rows, 0, 16),
          new Columns(qkv, 16, 16),
          new Columns(qkv, 32, 16),
          2,
          0.5f,
          Columns.of(empty(BATCH, queries, 16)),
          null);
    }

    void run(List<Operation> operations) {
      try (Plan plan = device.plan(operations)) {
        plan.run();
      }
    }

    float[] floats(Tensor tensor) {
      Tensor numbers = tensor;
      if (tensor.dtype() != DType.F32) {
        numbers = device.allocate(arena, DType.F32, tensor.shape());
        run(List.of(new Convert(Columns.of(tensor), Columns.of(numbers))));
      }
      Tensor host = Tensor.allocate(arena, DType.F32, numbers.shape());
      device.copy(numbers, host);
      return host.toFloats();
    }
  }

  /** Makes an operation and its output. */
  private interface Maker {
    Operation make(Scene scene);
  }

  private static Tensor out(Operation operation) {
    return switch (operation) {
      case Conv2d op -> op.out();
      case Attention op -> op.out().tensor();
      default -> throw new AssertionError(operation);
    };
  }

  private static float[] result(Scene scene, Maker maker) {
    Operation operation = maker.make(scene);
    scene.run(List.of(operation));
    return scene.floats(out(operation));
  }

  /** Runs an operation here and on the processor, and compares. */
  private void assertAsOnTheProcessor(DType type, Maker maker) {
    float[] expected;
    try (Device device = Device.cpu(1);
        Arena arena = Arena.ofConfined()) {
      expected = result(new Scene(device, arena, type), maker);
    }
    double largest = 0;
    for (float number : expected) {
      largest = Math.max(largest, Math.abs(number));
    }
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      float[] actual = result(new Scene(device, arena, type), maker);
      double bound = (type == DType.F32 ? 1e-6 : 1e-2) * largest;
      assertThat(actual).hasSameSizeAs(expected);
      for (int i = 0; i < actual.length; i++) {
        assertThat((double) actual[i]).as("number %d", i).isCloseTo(expected[i], within(bound));
      }
    }
  }

  private static Conv2d convolution(Scene scene) {
    return scene.convolution(Kernel.square(3, 1, 1), true, Linear.Activation.NONE, CHANNELS);
  }

  @ParameterizedTest
  @CsvSource({
    "F32, 3, 1, 1, true", "F32, 3, 2, 1, false", "F32, 2, 2, 0, true",
    "BF16, 3, 1, 1, false", "BF16, 3, 2, 1, true", "BF16, 1, 1, 0, true"
  })
  void convolutions(DType type, int side, int stride, int padding, boolean hasBias) {
    Kernel kernel = Kernel.square(side, stride, padding);
    assertAsOnTheProcessor(
        type, scene -> scene.convolution(kernel, hasBias, Linear.Activation.NONE, CHANNELS));
    // Tensor cores round float32.
    assertThat(fake.dnn().used())
        .containsExactly(type == DType.F32 ? FakeDnn.SLOW : FakeDnn.TENSOR_CORES);
  }

  @ParameterizedTest
  @EnumSource(names = {"SILU", "GELU"})
  void anActivationComesAfterFloat32(Linear.Activation activation) {
    assertAsOnTheProcessor(
        DType.F32, scene -> scene.convolution(Kernel.square(3, 1, 1), true, activation, CHANNELS));
    assertThat(fake.dnn().used()).containsExactly(FakeDnn.SLOW);
  }

  @ParameterizedTest
  @CsvSource({"6", "1"})
  void attention(long queries) {
    assertAsOnTheProcessor(DType.BF16, scene -> scene.attention(queries));
    assertThat(fake.dnn().used()).containsExactly(FakeDnn.ATTENTION);
  }

  /** Operations that are Panamba's own. */
  private void assertLeftAlone(DType type, Maker maker) {
    assertAsOnTheProcessor(type, maker);
    assertThat(fake.calls()).doesNotContain("execute");
  }

  @Test
  void sumsAreNotRoundedBeforeAnActivation() {
    assertLeftAlone(
        DType.BF16,
        scene -> scene.convolution(Kernel.square(3, 1, 1), true, Linear.Activation.SILU, CHANNELS));
  }

  @Test
  void attentionOfFloat32IsNotRounded() {
    assertLeftAlone(DType.F32, scene -> scene.attention(6));
  }

  @Test
  void rowsHaveToBeAligned() {
    assertLeftAlone(
        DType.BF16,
        scene -> scene.convolution(Kernel.square(3, 1, 1), true, Linear.Activation.NONE, 1));
  }

  @Test
  void anotherFormOfConvolution() {
    Kernel kernel = Kernel.square(2, 2, 0);
    assertLeftAlone(
        DType.F32,
        scene -> {
          Conv2d op = scene.convolution(kernel, true, Linear.Activation.NONE, 0);
          Grid large = new Grid(2 * GRID.height(), 2 * GRID.width());
          return new Conv2d(
              op.input(),
              GRID,
              op.weight(),
              op.bias(),
              kernel,
              true,
              0,
              Linear.Activation.NONE,
              large,
              scene.empty(BATCH, large.pixels(), COLUMNS));
        });
    assertLeftAlone(
        DType.F32,
        scene -> {
          Conv2d op = scene.convolution(kernel, true, Linear.Activation.NONE, 0);
          return new Conv2d(
              op.input(),
              GRID,
              op.weight(),
              op.bias(),
              kernel,
              false,
              1,
              Linear.Activation.NONE,
              op.outGrid(),
              op.out());
        });
  }

  @Test
  void anotherWayWhereNoEngineIsGoodEnough() {
    fake.dnn().takeNothing();
    assertLeftAlone(DType.BF16, DnnPlanTest::convolution);
  }

  @Test
  void switchedOff() {
    System.setProperty(DnnLibrary.WANTED, "off");
    try {
      assertLeftAlone(DType.BF16, scene -> scene.attention(6));
      System.setProperty(DnnLibrary.WANTED, "perhaps");
      try (Device device = fake.open(0);
          Arena arena = Arena.ofShared()) {
        Operation operation =
            new Scene(device, arena, DType.F32)
                .convolution(Kernel.square(3, 1, 1), true, Linear.Activation.NONE, 0);
        assertThatThrownBy(() -> device.plan(List.of(operation)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("-Dpanamba.cuda.cudnn=perhaps: expected auto or off");
      }
    } finally {
      System.clearProperty(DnnLibrary.WANTED);
    }
  }

  @Test
  void equalGraphsAreOne() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Scene scene = new Scene(device, arena, DType.BF16);
      Operation one = convolution(scene);
      Operation other = convolution(scene);
      try (Plan first = device.plan(List.of(one, other))) {
        int plans = fake.dnn().plans();
        long held = descriptors();
        Plan second = device.plan(List.of(other));
        assertThat(fake.dnn().plans()).isEqualTo(plans);
        assertThat(descriptors()).as("and its memory").isEqualTo(held + 1);
        second.close();
        assertThat(descriptors()).isEqualTo(held);
        first.run();
        first.run(1, 1);
      }
      assertThat(descriptors()).isZero();
      assertThat(scene.floats(out(one))).containsExactly(scene.floats(out(other)));
    }
  }

  private long descriptors() {
    return fake.left().stream().filter("descriptor of cuDNN"::equals).count();
  }

  @Test
  void handlesAreUsedAgain() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Operation operation = convolution(new Scene(device, arena, DType.F32));
      for (int i = 0; i < 3; i++) {
        device.plan(List.of(operation)).close();
      }
      assertThat(fake.left()).contains("cuDNN");
      Plan left = device.plan(List.of(operation));
      left.run();
    }
    assertThat(fake.calls().stream().filter("destroyHandle"::equals)).hasSize(2);
  }

  @Test
  void aPlanThatIsMadeWritesNothing() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Scene scene = new Scene(device, arena, DType.F32);
      Conv2d operation = convolution(scene);
      float[] ones = new float[Math.toIntExact(operation.out().shape().elements())];
      Arrays.fill(ones, 1);
      device.copy(Tensor.of(arena, operation.out().shape(), ones), operation.out());
      try (Plan plan = device.plan(List.of(operation))) {
        assertThat(scene.floats(operation.out())).containsExactly(ones);
        plan.run();
        assertThat(scene.floats(operation.out())).doesNotContain(1);
      }
    }
  }

  @Test
  void aFailureNamesTheOperation() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Operation operation = convolution(new Scene(device, arena, DType.F32));
      device.plan(List.of(operation)).close();
      fake.forgetCalls();
      device.plan(List.of(operation)).close();
      int execute = fake.calls().indexOf("execute");
      fake.failAt(fake.calls().size() + execute, FakeCuda.Fault.OUT_OF_MEMORY);
      assertThatThrownBy(() -> device.plan(List.of(operation)))
          .isInstanceOf(CudaException.class)
          .hasMessageContaining("Conv2d[")
          .hasMessageContaining("CUDNN_STATUS_4004, text of the last; 1.00 of 2.00 GB are free");
    }
  }
}
