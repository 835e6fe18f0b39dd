package io.panamba.runtime.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.CudaException;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A failure of every call there is: a clear exception, and nothing left behind. */
class CudaFailureTest {
  /** Calls whose failure is no harm: there is another way, or nothing is to be done about it. */
  private static final Set<String> BORNE =
      Set.of(
          "checkAlgorithm",
          "setDevice",
          "createBackendDescriptor",
          "setAttribute",
          "getAttribute",
          "finish");

  private static void everything(FakeCuda fake) {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.BF16);
      try (Plan plan = device.plan(scenario.operations())) {
        scenario.run(plan, 0);
        scenario.run(plan, 1);
        plan.run(1, 3);
        plan.deviceMillis();
      }
      Tensor out = Tensor.allocate(arena, DType.F32, Shape.of(3));
      device.copy(device.upload(arena, Shape.of(3), 1, 2, 3), out);
      assertThat(out.toFloats()).containsExactly(1, 2, 3);
    }
  }

  @ParameterizedTest
  @EnumSource
  void ofEveryCall(FakeCuda.Fault fault) {
    assertThat(failEveryCall(fault, false)).isGreaterThan(300);
  }

  @ParameterizedTest
  @EnumSource
  void ofEveryCallWithCudnn(FakeCuda.Fault fault) {
    assertThat(failEveryCall(fault, true)).isGreaterThan(1000);
  }

  /** Returns how many calls there are. */
  private static int failEveryCall(FakeCuda.Fault fault, boolean hasDnn) {
    FakeCuda sound = new FakeCuda(1, hasDnn);
    everything(sound);
    int calls = sound.calls().size();
    for (int call = 0; call < calls; call++) {
      FakeCuda fake = new FakeCuda(1, hasDnn);
      fake.failAt(call, fault);
      RuntimeException failure = null;
      try {
        everything(fake);
      } catch (RuntimeException e) {
        failure = e;
      }
      if (fake.hasFailed()) {
        String name = fake.calls().get(call);
        if (failure == null) {
          assertThat(isBorne(name))
              .as("call %d, %s, failed and nobody said so", call, name)
              .isTrue();
        } else {
          assertThat(failure).as("call %d, %s", call, name).isInstanceOf(PanambaException.class);
          assertThat(failure).hasMessageContaining("cuda:0");
        }
      } else {
        assertThat(failure).isNull();
      }
      assertThat(fake.misuse()).as("call %d", call).isEmpty();
      assertThat(fake.left()).as("call %d", call).isEmpty();
    }
    return calls;
  }

  private static boolean isBorne(String name) {
    return BORNE.contains(name) || name.startsWith("destroy") || name.startsWith("free");
  }

  private static int firstOf(String name) {
    FakeCuda fake = new FakeCuda(1);
    everything(fake);
    return fake.calls().indexOf(name);
  }

  @Test
  void memorySaysWhatIsLeft() {
    FakeCuda fake = new FakeCuda(1);
    fake.failAt(firstOf("allocate"), FakeCuda.Fault.OUT_OF_MEMORY);
    assertThatThrownBy(() -> everything(fake))
        .isInstanceOf(CudaException.class)
        .hasMessage(
            "cuda:0: allocating 384 bytes failed: cudaError2, text of 2; 1.00 of 2.00 GB are free;"
                + " close what is not needed, or take smaller batches or images");
  }

  @Test
  void aProductSaysItsShapes() {
    FakeCuda fake = new FakeCuda(1);
    fake.failAt(firstOf("multiply"), FakeCuda.Fault.OUT_OF_MEMORY);
    assertThatThrownBy(() -> everything(fake))
        .isInstanceOfSatisfying(
            CudaException.class,
            e -> {
              assertThat(e.errorName()).isEqualTo("CUBLAS_STATUS_3");
              assertThat(e.operation())
                  .startsWith(
                      "PatchEmbedding[image=F32(2, 3, 4, 4), pixelValues=null, weight=packed");
            });
  }

  @ParameterizedTest
  @EnumSource(names = {"LAUNCH_FAILURE", "LOST_DEVICE"})
  void aProductTellsThatTheGpuFailedForGood(FakeCuda.Fault fault) {
    FakeCuda fake = new FakeCuda(1);
    fake.failAt(firstOf("multiply"), fault);
    assertThatThrownBy(() -> everything(fake))
        .isInstanceOfSatisfying(
            CudaException.class, e -> assertThat(e.errorName()).startsWith("cudaError"))
        .hasMessageEndingWith("the device can't be used any more in this process");
  }

  @ParameterizedTest
  @EnumSource(names = {"LAUNCH_FAILURE", "LOST_DEVICE"})
  void aGpuThatFailedForGoodSaysSoFromThenOn(FakeCuda.Fault fault) {
    FakeCuda fake = new FakeCuda(1);
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations());
          Plan other = device.plan(scenario.operations())) {
        plan.run();
        fake.failAt(fake.calls().size() + 4, fault);
        assertThatThrownBy(plan::run)
            .isInstanceOf(CudaException.class)
            .hasMessageContaining("running 19 operations from Copy[from=F32(2, 3, 4, 4)")
            .hasMessageEndingWith("the device can't be used any more in this process");
        assertThat(fake.calls().getLast()).isEqualTo("synchronize");
        List<Runnable> uses =
            List.of(
                plan::run,
                other::run,
                () -> device.plan(scenario.operations()),
                () -> device.allocate(arena, DType.F32, Shape.of(1)));
        for (Runnable use : uses) {
          assertThatThrownBy(use::run)
              .isInstanceOf(CudaException.class)
              .hasMessageStartingWith(
                  "cuda:0 can't be used any more, since it failed for good: start a new process.");
        }
      }
    }
    assertThat(fake.left()).isEmpty();
    assertThat(fake.misuse()).isEmpty();
  }

  @Test
  void halfARunIsWaitedFor() {
    FakeCuda fake = new FakeCuda(1);
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        plan.run();
        fake.forgetCalls();
        fake.failAt(3, FakeCuda.Fault.OUT_OF_MEMORY);
        assertThatThrownBy(plan::run).isInstanceOf(CudaException.class);
        assertThat(fake.calls())
            .startsWith("setDevice", "recordEvent", "launchGraph", "recordEvent")
            .endsWith("synchronize");
        assertThat(plan.deviceMillis()).isEmpty();
      }
    }
  }

  @Test
  void aRunThatFailedOnceCanBeRepeated() {
    FakeCuda fake = new FakeCuda(1);
    try (Device device = fake.open(0);
        Arena arena = Arena.ofShared()) {
      CudaScenario scenario = new CudaScenario(device, arena, DType.F32);
      try (Plan plan = device.plan(scenario.operations())) {
        float[] expected = scenario.run(plan, 0);
        fake.failAt(fake.calls().size() + 2, FakeCuda.Fault.OUT_OF_MEMORY);
        assertThatThrownBy(plan::run).isInstanceOf(CudaException.class);
        assertThat(scenario.run(plan, 0)).containsExactly(expected);
      }
    }
  }
}
