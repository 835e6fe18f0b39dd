package io.panamba.runtime.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.runtime.CudaException;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @CsvSource({"spin, synchronize", "block, awaitEvent"})
  void waiting(String how, String call) {
    System.setProperty(CudaPlan.WAIT, how);
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      float[] expected = onProcessor(DType.F32, 0);
      try (Plan plan = device.plan(scenario.operations())) {
        fake.forgetCalls();
        assertThat(scenario.run(plan, 0)).containsExactly(expected, within(1e-4f));
        assertThat(fake.calls()).endsWith(call);
      }
    } finally {
      System.clearProperty(CudaPlan.WAIT);
    }
  }

  @Test
  void waitingInAnotherWay() {
    System.setProperty(CudaPlan.WAIT, "sleep");
    try (Device device = fake.open(0)) {
      assertThatThrownBy(() -> device.plan(List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("-Dpanamba.cuda.wait=sleep: expected spin or block");
    } finally {
      System.clearProperty(CudaPlan.WAIT);
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

  @ParameterizedTest
  @CsvSource({"1000, 1000, 2", "9223372036854775807, 3, 0", "196, 1000000, 2", "0, 2000000, 1"})
  void productsTakeTheFirstAlgorithmForAllNumbersOfRows(long first, long second, int used) {
    fake.products().limitRows(0, first);
    fake.products().limitRows(1, second);
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        scenario.run(plan, 0);
      }
    }
    assertThat(fake.products().used()).containsExactly(used);
  }

  @Test
  void withoutOneProductsTakeTheBestForTheirRows() {
    for (int i = 0; i < 3; i++) {
      fake.products().limitRows(i, 100_000);
    }
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        scenario.run(plan, 0);
      }
    }
    assertThat(fake.products().used()).containsExactly(0);
  }

  private static float[] upTo(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = i + 1;
    }
    return numbers;
  }

  /** Two layers, (3, 4) to two halves of (3, 2 * 2). */
  private static List<Operation> halves(Device device, Arena arena, Tensor out, Tensor bias) {
    Tensor weights = Tensor.of(arena, Shape.of(4, 4), upTo(16));
    List<MatrixSource> sources =
        List.of(MatrixSource.of(weights.slice(0, 2)), MatrixSource.of(weights.slice(2, 2)));
    List<PackedMatrix> packed = device.packParts(arena, sources, DType.F32);
    Columns input = Columns.of(device.upload(arena, Shape.of(3, 4), upTo(12)));
    List<Operation> operations = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      operations.add(
          new Linear(
              input,
              packed.get(i),
              bias == null ? null : bias.slice(2L * i, 2),
              0,
              Linear.Activation.NONE,
              new Columns(out, 2L * i, 2)));
    }
    return operations;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void partsOfALayerAreOneProduct(boolean biased) {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Tensor out = device.allocate(arena, DType.F32, Shape.of(3, 4));
      Tensor bias = biased ? device.upload(arena, Shape.of(4), 1, 2, 3, 4) : null;
      Tensor result = Tensor.allocate(arena, DType.F32, Shape.of(3, 4));
      try (Plan plan = device.plan(halves(device, arena, out, bias))) {
        assertThat(fake.products().asked()).isEqualTo(1);
        plan.run(0, 1);
        plan.run(1, 1);
        device.copy(out, result);
        float[] expected = result.toFloats();
        device.copy(Tensor.allocate(arena, DType.F32, Shape.of(3, 4)), out);
        plan.run();
        device.copy(out, result);
        assertThat(result.toFloats()).containsExactly(expected);
        assertThat(expected[0]).isNotZero();
      }
    }
  }

  /** Two layers, (3, 4) to (3, 2), whose operands are parts of as many tensors. */
  private static List<Operation> twins(List<PackedMatrix> weights, Tensor inputs, Tensor outs) {
    List<Operation> operations = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      operations.add(
          Linear.of(
              inputs.slice(i, 1).reshape(Shape.of(3, 4)),
              weights.get(i),
              null,
              0,
              outs.slice(i, 1).reshape(Shape.of(3, 2))));
    }
    return operations;
  }

  private static List<PackedMatrix> weights(Device device, Arena arena, boolean reversed) {
    Tensor numbers = Tensor.of(arena, Shape.of(4, 4), upTo(16));
    List<MatrixSource> sources =
        List.of(MatrixSource.of(numbers.slice(0, 2)), MatrixSource.of(numbers.slice(2, 2)));
    List<PackedMatrix> weights = device.packParts(arena, sources, DType.BF16);
    return reversed ? weights.reversed() : weights;
  }

  /** Those whose weights lie the other way round stay two. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void productsAlikeAreOne(boolean reversed) {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Tensor inputs = device.allocate(arena, DType.BF16, Shape.of(2, 3, 4));
      Tensor numbers = Tensor.allocate(arena, DType.BF16, Shape.of(2, 3, 4));
      for (int i = 0; i < 24; i++) {
        // The upper half of a small whole number is that number in bfloat16.
        short bits = (short) (Float.floatToRawIntBits(i % 7 - 3) >> 16);
        numbers.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, bits);
      }
      device.copy(numbers, inputs);
      Tensor outs = device.allocate(arena, DType.F32, Shape.of(2, 3, 2));
      Tensor result = Tensor.allocate(arena, DType.F32, Shape.of(2, 3, 2));
      List<PackedMatrix> weights = weights(device, arena, reversed);
      try (Plan plan = device.plan(twins(weights, inputs, outs))) {
        assertThat(fake.products().asked()).isEqualTo(reversed ? 2 : 1);
        plan.run(0, 1);
        plan.run(1, 1);
        device.copy(outs, result);
        float[] expected = result.toFloats();
        device.copy(Tensor.allocate(arena, DType.F32, Shape.of(2, 3, 2)), outs);
        plan.run();
        device.copy(outs, result);
        assertThat(result.toFloats()).containsExactly(expected);
        assertThat(expected[0]).isNotZero();
      }
    }
    assertThat(fake.left()).isEmpty();
  }

  /** Of one kind and side by side in memory, the second reads what the first writes. */
  @Test
  void aChainOfProductsStaysAChain() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Tensor all = device.upload(arena, Shape.of(3, 2, 4), upTo(24));
      Tensor numbers = Tensor.of(arena, Shape.of(8, 4), upTo(32));
      List<MatrixSource> sources =
          List.of(MatrixSource.of(numbers.slice(0, 4)), MatrixSource.of(numbers.slice(4, 4)));
      List<PackedMatrix> weights = device.packParts(arena, sources, DType.F32);
      List<Operation> chain = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        chain.add(
            Linear.of(
                all.slice(i, 1).reshape(Shape.of(2, 4)),
                weights.get(i),
                null,
                0,
                all.slice(i + 1L, 1).reshape(Shape.of(2, 4))));
      }
      try (Plan plan = device.plan(chain)) {
        assertThat(plan.joined(0)).isEqualTo(1);
      }
    }
  }

  @Test
  void othersAreNot() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Tensor out = device.allocate(arena, DType.F32, Shape.of(3, 4));
      List<Operation> halves = halves(device, arena, out, null);
      device.plan(List.of(halves.get(1), halves.get(0))).close();
      assertThat(fake.products().asked()).isEqualTo(2);
    }
  }

  /** Two products that are one are measured as one, 20 times in a row, twice. */
  @Test
  void measurements() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      Tensor out = device.allocate(arena, DType.F32, Shape.of(3, 4));
      try (Plan plan = device.plan(halves(device, arena, out, null))) {
        assertThat(plan.joined(0)).isEqualTo(2);
        assertThat(plan.joined(1)).isEqualTo(1);
        int recorded = fake.products().asked();
        assertThat(plan.measure(0, 2).orElseThrow()).isEqualTo(1.5 / 20);
        assertThat(fake.products().asked()).isEqualTo(recorded + 20);
        assertThat(plan.measure(1, 1)).isPresent();
        assertThat(plan.deviceMillis()).isEmpty();
        assertThatThrownBy(() -> plan.measure(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> plan.measure(1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> plan.joined(2)).isInstanceOf(IndexOutOfBoundsException.class);
        plan.run();
      }
    }
    assertThat(fake.left()).isEmpty();
    assertThat(fake.misuse()).isEmpty();
  }

  /** Without a graph, with a wait after each operation, which a fault then names. */
  @Test
  void checkedRuns() {
    float[] expected = scenario(fake);
    System.setProperty(CudaPlan.CHECK, "true");
    try {
      FakeCuda checking = new FakeCuda(1);
      assertThat(scenario(checking)).containsExactly(expected);
      List<String> calls = checking.calls();
      assertThat(calls).doesNotContain("beginCapture", "launchGraph");
      int ofRun = calls.lastIndexOf("synchronize");
      int ofLastOperation = calls.subList(0, ofRun).lastIndexOf("synchronize");
      FakeCuda failing = new FakeCuda(1);
      failing.failAt(ofLastOperation, FakeCuda.Fault.LAUNCH_FAILURE);
      assertThatThrownBy(() -> scenario(failing))
          .isInstanceOfSatisfying(
              CudaException.class, e -> assertThat(e.operation()).startsWith("Copy["));
    } finally {
      System.clearProperty(CudaPlan.CHECK);
    }
  }

  private static float[] scenario(FakeCuda gpu) {
    try (Device device = gpu.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        return scenario.run(plan, 1);
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
      long choices = fake.calls().stream().filter("findAlgorithms"::equals).count();
      fake.forgetCalls();
      device.plan(often).close();
      assertThat(fake.calls().stream().filter("findAlgorithms"::equals).count()).isEqualTo(choices);
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

  /** A virtual thread may plan, and run, what others do. */
  @Test
  void virtualThreads() throws InterruptedException {
    float[] expected = scenario(fake);
    float[][] results = new float[1][];
    Thread thread = Thread.ofVirtual().start(() -> results[0] = scenario(fake));
    thread.join();
    assertThat(results[0]).containsExactly(expected);
  }
}
