package io.panamba.runtime.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.CudaException;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Copy;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Devices and memory of GPUs that are none. */
class CudaDeviceTest {
  private final FakeCuda fake = new FakeCuda(2);

  @AfterEach
  void nothingIsLeftOrMisused() {
    assertThat(fake.misuse()).isEmpty();
    assertThat(fake.left()).isEmpty();
  }

  @Test
  void whatItIs() {
    try (Device device = fake.open(1)) {
      assertThat(device.description()).isEqualTo("cuda:1 (a GPU that is none, sm_91)");
      assertThat(device.kind()).isEqualTo("cuda");
      assertThat(device.tier()).isEqualTo("sm_91");
      assertThat(device.threads()).isEqualTo(1);
      assertThat(device.hasOwnMemory()).isTrue();
    }
    assertThat(CudaDevice.descriptions(fake.api()))
        .containsExactly(
            "cuda:0 (a GPU that is none, sm_90)", "cuda:1 (a GPU that is none, sm_91)");
  }

  @Test
  void oneThatCannotBeUsedHidesNoOther() {
    // Both are counted; then the first is counted again, made current and asked for its name.
    fake.failAt(3, FakeCuda.Fault.OUT_OF_MEMORY);
    List<String> descriptions = CudaDevice.descriptions(fake.api());
    assertThat(descriptions.getFirst())
        .startsWith("not usable: cuda:0: reading the GPU's properties failed: cudaError2");
    assertThat(descriptions.getLast()).isEqualTo("cuda:1 (a GPU that is none, sm_91)");
  }

  @Test
  void devicesThatAreNotThere() {
    assertThatThrownBy(() -> fake.open(2))
        .isInstanceOf(CudaException.class)
        .hasMessage("there is no cuda:2: CUDA shows this process 2 GPUs");
    assertThatThrownBy(() -> fake.open(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new FakeCuda(0).open(0))
        .isInstanceOf(CudaException.class)
        .hasMessage("there is no cuda:0: CUDA finds no GPU");
  }

  @Test
  void memoryIsZeroAndComesAndGoes() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofConfined()) {
      Tensor own = device.allocate(arena, DType.F32, Shape.of(2, 3));
      Tensor host = device.staging(arena, own);
      assertThat(host.toFloats()).containsOnly(0);
      device.copy(own, host);
      assertThat(host.toFloats()).containsOnly(0);
      host.copyFrom(1, 2, 3, 4, 5, 6);
      device.copy(host, own);
      Tensor back = Tensor.allocate(arena, DType.F32, Shape.of(1, 3));
      device.copy(own.slice(1, 1), back);
      assertThat(back.toFloats()).containsExactly(4, 5, 6);
      assertThat(device.allocate(arena, DType.F32, Shape.of(0)).shape().elements()).isZero();
    }
  }

  @Test
  void theHostIsKeptOut() {
    try (Device device = fake.open(0);
        Arena arena = Arena.ofConfined()) {
      Tensor own = device.allocate(arena, DType.F32, Shape.of(2, 3));
      for (Tensor tensor : new Tensor[] {own, own.slice(0, 1), own.reshape(Shape.of(6))}) {
        assertThatThrownBy(tensor::toFloats)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("lies in the memory of cuda:0, out of the host's reach");
        assertThatThrownBy(tensor::segment).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tensor.copyFrom(new float[(int) tensor.shape().elements()]))
            .isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void copiesThatDoNotFit() {
    try (Device device = fake.open(0);
        Device other = fake.open(1);
        Arena arena = Arena.ofConfined()) {
      Tensor own = device.allocate(arena, DType.F32, Shape.of(3));
      Tensor foreign = other.allocate(arena, DType.F32, Shape.of(3));
      Tensor host = Tensor.allocate(arena, DType.F32, Shape.of(3));
      Tensor wider = Tensor.allocate(arena, DType.F32, Shape.of(4));
      assertThatThrownBy(() -> device.copy(wider, own)).isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> device.copy(host, foreign)).isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> device.copy(own, foreign)).isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> device.copy(host, host.reshape(Shape.of(3))))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> device.staging(arena, foreign)).isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> new Copy(host, host.reshape(Shape.of(3))))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("one in a GPU's");
    }
  }

  @Test
  void matricesWhoseMemoryIsOutOfReach() throws Exception {
    Arena closed = Arena.ofShared();
    MatrixSource gone = MatrixSource.of(Tensor.allocate(closed, DType.F32, Shape.of(500, 500)));
    closed.close();
    try (Device device = fake.open(0);
        Arena arena = Arena.ofConfined();
        Arena owner = Arena.ofShared();
        ExecutorService executor = Executors.newSingleThreadExecutor()) {
      assertThatThrownBy(() -> device.pack(owner, gone, DType.F32))
          .isInstanceOf(IllegalStateException.class);
      MatrixSource source = MatrixSource.of(Tensor.allocate(arena, DType.F32, Shape.of(5, 5)));
      Future<?> packing = executor.submit(() -> device.pack(owner, source, DType.F32));
      assertThatThrownBy(packing::get).hasCauseInstanceOf(WrongThreadException.class);
    }
  }

  @Test
  void memoryThatIsClosedDuringRunsIsFreedBehindTheLast() {
    try (CudaDevice device = (CudaDevice) fake.open(0)) {
      Arena arena = Arena.ofShared();
      device.allocate(arena, DType.F32, Shape.of(3));
      long first = device.begin();
      long second = device.begin();
      fake.forgetCalls();
      arena.close();
      device.end(first);
      assertThat(fake.calls()).isEmpty();
      device.end(second);
      assertThat(fake.calls()).contains("free");
    }
  }

  @Test
  void closedMemoryIsGivenBack() {
    try (Device device = fake.open(0)) {
      int before = fake.left().size();
      Arena arena = Arena.ofConfined();
      Tensor own = device.allocate(arena, DType.F32, Shape.of(3));
      device.staging(arena, own);
      assertThat(fake.left()).hasSize(before + 2);
      arena.close();
      assertThat(fake.left()).hasSize(before);
      assertThatThrownBy(() -> device.allocate(arena, DType.F32, Shape.of(3)))
          .isInstanceOf(IllegalStateException.class);
      assertThat(fake.left()).hasSize(before);
    }
  }
}
