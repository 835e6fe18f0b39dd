package io.panamba.runtime.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plans on a GPU that is none. */
class CudaPlanTest {
  private final FakeCuda fake = new FakeCuda(2);

  @AfterEach
  void nothingIsLeftOrMisused() {
    assertThat(fake.misuse()).isEmpty();
    assertThat(fake.left()).isEmpty();
  }

  private static float[] onProcessor(DType type, float phase) {
    try (Device device = Device.cpu(1);
        Arena arena = Arena.ofConfined()) {
      CudaScenario scenario = new CudaScenario(device, arena, type);
      try (Plan plan = device.plan(scenario.operations())) {
        return scenario.run(plan, phase);
      }
    }
  }

  private static void assertClose(float[] actual, float[] expected, double bound) {
    assertThat(actual).hasSameSizeAs(expected);
    double largest = 0;
    for (float number : expected) {
      largest = Math.max(largest, Math.abs(number));
    }
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i])
          .as("number %d", i)
          .isCloseTo(expected[i], within(bound * largest));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void everyOperationGivesTheProcessorsNumbers(DType type) {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, type);
      try (Plan plan = device.plan(scenario.operations())) {
        double bound = type == DType.F32 ? 1e-6 : 2e-2;
        assertClose(scenario.run(plan, 0), onProcessor(type, 0), bound);
        assertClose(scenario.run(plan, 1), onProcessor(type, 1), bound);
      }
    }
  }

  @Test
  void aRunIsOneGraph() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        fake.forgetCalls();
        plan.run();
        assertThat(fake.calls())
            .containsExactly(
                "setDevice", "recordEvent", "launchGraph", "recordEvent", "synchronize");
      }
    }
  }

  @Test
  void partsOfAPlanRunWithoutTheGraph() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        float[] expected = scenario.run(plan, 0);
        scenario.answer().copyFrom(0, 0, 0, 0, 0, 0);
        for (int i = 0; i < scenario.operations().size(); i++) {
          plan.run(i, 1);
        }
        assertThat(scenario.answer().toFloats()).containsExactly(expected);
        assertThatThrownBy(() -> plan.run(1, scenario.operations().size()))
            .isInstanceOf(IndexOutOfBoundsException.class);
        fake.forgetCalls();
        plan.run(1, 0);
        assertThat(fake.calls()).containsExactly("setDevice");
      }
    }
  }

  @Test
  void theDevicesClock() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        assertThat(plan.deviceMillis()).isEmpty();
        plan.run();
        assertThat(plan.deviceMillis()).hasValue(1.5);
      }
    }
  }

  @Test
  void productsOfOneKindShareAnAlgorithm() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      List<Operation> once = scenario.operations();
      List<Operation> often = new ArrayList<>();
      Collections.nCopies(10, once).forEach(often::addAll);
      device.plan(once).close();
      long choices = fake.calls().stream().filter("findAlgorithm"::equals).count();
      fake.forgetCalls();
      device.plan(often).close();
      assertThat(fake.calls().stream().filter("findAlgorithm"::equals).count()).isEqualTo(choices);
    }
  }

  @Test
  void closedThings() {
    Device device = fake.open(0);
    Arena arena = Arena.ofShared();
    CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
    Plan plan = device.plan(scenario.operations());
    Plan other = device.plan(scenario.operations());
    other.close();
    assertThatThrownBy(other::run)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the plan is closed");
    arena.close();
    assertThatThrownBy(plan::run)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    device.close();
    device.close();
    assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> device.plan(List.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the device is closed");
    assertThatCode(plan::close).doesNotThrowAnyException();
  }

  @Test
  void aDeviceThatIsClosedFirstLeavesNothing() {
    Arena arena = Arena.ofShared();
    Device device = fake.open(0);
    CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
    Plan plan = device.plan(scenario.operations());
    device.close();
    assertThat(fake.left()).isEmpty();
    arena.close();
    plan.close();
  }

  @Test
  void aPlanOfNothing() {
    try (Device device = fake.open(0);
        Plan plan = device.plan(List.of())) {
      assertThatCode(plan::run).doesNotThrowAnyException();
    }
  }

  @Test
  void anotherThreadsMemory() throws Exception {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofConfined();
        ExecutorService executor = Executors.newSingleThreadExecutor()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        Future<?> run = executor.submit(() -> plan.run());
        assertThatThrownBy(run::get).hasCauseInstanceOf(WrongThreadException.class);
      }
    }
  }

  @Test
  void twoDevicesAndManyThreads() throws Exception {
    float[] expected = onProcessor(DType.F32, 0);
    try (Device first = fake.open(0);
        Device second = fake.open(1);
        ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<Future<float[]>> answers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Device device = i % 2 == 0 ? first : second;
        answers.add(
            executor.submit(
                () -> {
                  try (Arena arena = Arena.ofShared()) {
                    CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
                    try (Plan plan = device.plan(scenario.operations())) {
                      return scenario.run(plan, 0);
                    }
                  }
                }));
      }
      for (Future<float[]> answer : answers) {
        assertClose(answer.get(), expected, 1e-6);
      }
    }
  }

  @Test
  void memoryOfAnotherDevice() {
    try (Device first = fake.open(0);
        Device second = fake.open(1);
        Device processor = Device.cpu(1);
        Arena arena = Arena.ofConfined()) {
      CudaScenario scenario = new CudaScenario(first, arena, DType.F32);
      assertThatThrownBy(() -> second.plan(scenario.operations()))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("cuda:0")
          .hasMessageContaining("cuda:1");
      assertThatThrownBy(() -> processor.plan(scenario.operations()))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("the processor");
      CudaScenario host = new CudaScenario(processor, arena, DType.F32);
      assertThatThrownBy(() -> first.plan(host.operations()))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("the memory of the processor");
    }
  }

  @Test
  void chunksOfAScan() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      fake.forgetCalls();
      device.plan(scenario.operations()).close();
      assertThat(fake.calls()).doesNotContain("scanChunk");
      System.setProperty(CudaArguments.CHUNK, "auto");
      device.plan(scenario.operations()).close();
      assertThat(fake.calls()).contains("scanChunk");
      System.setProperty(CudaArguments.CHUNK, "1000000");
      device.plan(scenario.operations()).close();
      for (String wrong : new String[] {"-1", "many", ""}) {
        System.setProperty(CudaArguments.CHUNK, wrong);
        assertThatThrownBy(() -> device.plan(scenario.operations()))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("expected a number of rows, 0 for no chunks, or auto");
      }
    } finally {
      System.clearProperty(CudaArguments.CHUNK);
    }
  }

  @Test
  void aCopyInAPlanNeedsPinnedMemory() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofConfined()) {
      Tensor own = device.allocate(arena, DType.F32, Shape.of(3));
      Tensor pageable = Tensor.of(arena, Shape.of(3), 1, 2, 3);
      assertThatThrownBy(() -> device.plan(List.of(new Copy(pageable, own))))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("Device.staging");
    }
  }
}
