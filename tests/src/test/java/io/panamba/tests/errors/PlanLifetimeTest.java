package io.panamba.tests.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.Operation;
import io.panamba.tests.kit.BusyPlan;
import io.panamba.tests.kit.InThread;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Plans, devices and memory that are closed, busy or another thread's: exceptions, no crash. */
class PlanLifetimeTest {
  private static final String BUSY = "the plan is being run by another thread";

  private final Device device = Device.cpu(2);

  @AfterEach
  void close() {
    device.close();
  }

  private static Tensor ones(Arena arena, long... sizes) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(sizes));
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    Arrays.fill(values, 1);
    tensor.copyFrom(values);
    return tensor;
  }

  /** out = input, whose rows are ones and so already normalised. */
  private static Norm norm(Tensor input, Tensor weight, Tensor out) {
    return Norm.of(Norm.Kind.RMS, input, weight, null, 0, out);
  }

  private static Norm norm(Arena arena) {
    return norm(
        ones(arena, 3, 4), ones(arena, 4), Tensor.allocate(arena, DType.F32, Shape.of(3, 4)));
  }

  /** Some tenths of a second, and what it writes. */
  private record Work(List<Operation> operations, Tensor out) {
    static Work in(Arena arena, Device device) {
      int size = 512;
      Tensor input = ones(arena, size, size);
      PackedMatrix weight = device.pack(arena, MatrixSource.of(ones(arena, size, size)), DType.F32);
      Tensor out = Tensor.allocate(arena, DType.F32, Shape.of(size, size));
      return new Work(Collections.nCopies(100, Linear.of(input, weight, null, 0, out)), out);
    }

    void assertDone() {
      assertThat(out.toFloats()).containsOnly(512);
    }
  }

  @Test
  void aRunReadsAndWritesTensors() {
    try (Arena arena = Arena.ofConfined()) {
      Norm norm = norm(arena);
      try (Plan plan = device.plan(List.of(norm))) {
        plan.run();
      }
      assertThat(norm.out().toFloats()).containsOnly(1);
    }
  }

  @Test
  void aPlanOfNothing() {
    try (Plan plan = device.plan(List.of())) {
      assertThatCode(plan::run).doesNotThrowAnyException();
    }
  }

  @Test
  void aClosedPlan() {
    try (Arena arena = Arena.ofConfined()) {
      Plan plan = device.plan(List.of(norm(arena)));
      plan.close();
      assertThatThrownBy(plan::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the plan is closed");
      assertThatCode(plan::close).doesNotThrowAnyException();
    }
  }

  @Test
  void closedMemory() {
    Arena arena = Arena.ofConfined();
    Arena other = Arena.ofConfined();
    try (Plan plan =
        device.plan(List.of(norm(ones(arena, 3, 4), ones(other, 4), ones(arena, 3, 4))))) {
      other.close();
      assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class);
      arena.close();
      assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void closedWeights() {
    Arena weights = Arena.ofShared();
    try (Arena arena = Arena.ofConfined()) {
      PackedMatrix packed = device.pack(weights, MatrixSource.of(ones(arena, 4, 4)), DType.F32);
      try (Plan plan =
          device.plan(List.of(Linear.of(ones(arena, 3, 4), packed, null, 0, ones(arena, 3, 4))))) {
        weights.close();
        assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void aClosedDevice() {
    try (Arena arena = Arena.ofConfined();
        Plan plan = device.plan(List.of(norm(arena)))) {
      device.close();
      assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class);
      assertThatCode(device::close).doesNotThrowAnyException();
      assertThatThrownBy(() -> device.plan(List.of(norm(arena))).run())
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void anotherThreadsMemory() {
    try (Arena arena = Arena.ofConfined();
        Plan plan = device.plan(List.of(norm(arena)))) {
      assertThatThrownBy(() -> InThread.run(plan::run)).isInstanceOf(WrongThreadException.class);
      assertThatCode(plan::run).doesNotThrowAnyException();
    }
  }

  @Test
  void sharedMemoryRunsOnAnyThread() {
    try (Arena arena = Arena.ofShared();
        Plan plan = device.plan(List.of(norm(arena)))) {
      assertThatCode(() -> InThread.run(plan::run)).doesNotThrowAnyException();
    }
  }

  @Test
  void whileAPlanRunsNothingOfItCanBeClosed() {
    Arena arena = Arena.ofShared();
    Work work = Work.in(arena, device);
    Plan plan = device.plan(work.operations);
    try (BusyPlan _ = new BusyPlan(plan)) {
      assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class).hasMessage(BUSY);
      assertThatThrownBy(plan::close).isInstanceOf(IllegalStateException.class).hasMessage(BUSY);
      assertThatThrownBy(arena::close).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(device::close).isInstanceOf(IllegalStateException.class);
    }
    work.assertDone();
    plan.close();
    arena.close();
    device.close();
  }

  @Test
  void partsOfAPlan() {
    try (Arena arena = Arena.ofConfined()) {
      Norm first = norm(arena);
      Norm second = norm(arena);
      try (Plan plan = device.plan(List.of(first, second))) {
        plan.run(1, 1);
        assertThat(first.out().toFloats()).containsOnly(0);
        assertThat(second.out().toFloats()).containsOnly(1);
        assertThatThrownBy(() -> plan.run(1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> plan.run(-1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> plan.run(2, Integer.MAX_VALUE))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
  }

  @Test
  void sixArenasAreHeldAndASeventhIsRefused() {
    List<Arena> arenas = new ArrayList<>();
    List<Operation> operations = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      arenas.add(Arena.ofShared());
      operations.add(norm(arenas.get(i)));
    }
    operations.add(norm(Arena.global()));
    try (Plan plan = device.plan(operations)) {
      plan.run();
      for (Arena arena : arenas) {
        arena.close();
        assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class);
        operations.removeFirst();
      }
    }
    for (int i = 0; i < 7; i++) {
      operations.add(norm(Arena.ofAuto()));
    }
    assertThatThrownBy(() -> device.plan(operations))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the tensors of a plan come from at most 6 arenas, not 7");
  }

  /** Sizes beyond what the library counts: refused before any memory is touched. */
  @Test
  void theLibrarysRefusalIsAnException() {
    MemorySegment pretended = MemorySegment.ofAddress(64).reinterpret(1L << 44);
    Tensor huge = Tensor.of(pretended, DType.F32, Shape.of(1L << 21, 1L << 21));
    Tensor weight = Tensor.of(pretended.asSlice(0, 1L << 23), DType.F32, Shape.of(1L << 21));
    try (Plan plan = device.plan(List.of(norm(huge, weight, huge)))) {
      assertThatThrownBy(plan::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("norm: not so: ");
      assertThatThrownBy(plan::run).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
