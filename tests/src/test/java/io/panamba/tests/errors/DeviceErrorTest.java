package io.panamba.tests.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.InThread;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices of impossible sizes and matrices that can't be packed. */
class DeviceErrorTest {
  private final Device device = Device.cpu(1);

  @AfterEach
  void close() {
    device.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1025, Integer.MIN_VALUE})
  void impossibleNumbersOfThreads(int threads) {
    assertThatThrownBy(() -> Device.cpu(threads))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a device has 1 to 1024 threads, not " + threads);
  }

  @Test
  void descriptions() {
    assertThat(device.description()).matches("cpu \\(\\w+, 1 thread\\)");
    assertThat(device.threads()).isEqualTo(1);
    try (Device every = Device.cpu()) {
      assertThat(every.threads()).isEqualTo(Runtime.getRuntime().availableProcessors());
    }
  }

  @Test
  void aPeakOfNoThreads() {
    assertThatThrownBy(() -> device.measurePeak(0, DType.F32))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(device.measurePeak(1, DType.F32)).isGreaterThan(1e8);
  }

  private static MatrixSource source(long bytes, DType type, long... sizes) {
    return new MatrixSource(
        Arena.ofAuto().allocate(bytes), type, sizes[0], sizes[1], sizes[2], sizes[3], null);
  }

  private static void assertRefused(String message, Runnable action) {
    assertThatThrownBy(action::run).isInstanceOf(ShapeException.class).hasMessage(message);
  }

  @Test
  void matricesThatCannotBePacked() {
    assertRefused("pack: I32 elements can't be packed", () -> source(48, DType.I32, 3, 4, 4, 1));
    assertRefused("pack: a matrix of (0, 4) is empty", () -> source(48, DType.F32, 0, 4, 4, 1));
    assertRefused("pack: strides (-4, 1) run backwards", () -> source(48, DType.F32, 3, 4, -4, 1));
    assertRefused(
        "pack: a matrix of (3, 4) with strides (4, 1) does not fit 11 elements",
        () -> source(44, DType.F32, 3, 4, 4, 1));
    assertRefused(
        "pack: a matrix of (9223372036854775807, 9223372036854775807) with strides"
            + " (9223372036854775807, 2) does not fit 12 elements",
        () -> source(48, DType.F32, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, 2));
    assertRefused(
        "pack: the matrix lies on the heap",
        () -> new MatrixSource(MemorySegment.ofArray(new float[12]), DType.F32, 3, 4, 4, 1, null));
    assertRefused(
        "pack: F32(12) is not a matrix",
        () -> MatrixSource.of(Tensor.allocate(Arena.ofAuto(), DType.F32, Shape.of(12))));
    assertRefused(
        "pack: rowScale is F32(4); expected F32(3)",
        () ->
            new MatrixSource(
                Arena.ofAuto().allocate(48),
                DType.F32,
                3,
                4,
                4,
                1,
                Tensor.allocate(Arena.ofAuto(), DType.F32, Shape.of(4))));
  }

  @Test
  void matricesOfSeveralSizes() {
    assertRefused(
        "pack: matrices of (3, 4) and (4, 3) differ",
        () ->
            device.pack(
                Arena.ofAuto(),
                List.of(source(48, DType.F32, 3, 4, 4, 1), source(48, DType.F32, 4, 3, 3, 1)),
                DType.F32));
    assertThatThrownBy(() -> device.pack(Arena.ofAuto(), List.of(), DType.F32))
        .isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void aMatrixThatOverflows() {
    long side = 1L << 50;
    assertRefused(
        "pack: a matrix of (%d, %d) is too large".formatted(side, side),
        () -> device.pack(Arena.ofAuto(), source(4, DType.F32, side, side, 0, 0), DType.F32));
  }

  @Test
  void closedSources() {
    Arena arena = Arena.ofShared();
    MatrixSource source = MatrixSource.of(Tensor.allocate(arena, DType.F32, Shape.of(500, 500)));
    arena.close();
    assertThatThrownBy(() -> device.pack(Arena.ofAuto(), source, DType.F32))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closedOwners() {
    Arena arena = Arena.ofShared();
    arena.close();
    MatrixSource source =
        MatrixSource.of(Tensor.allocate(Arena.ofAuto(), DType.F32, Shape.of(5, 5)));
    assertThatThrownBy(() -> device.pack(arena, source, DType.F32))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anotherThreadsSource() {
    try (Arena arena = Arena.ofConfined()) {
      MatrixSource source = MatrixSource.of(Tensor.allocate(arena, DType.F32, Shape.of(5, 5)));
      assertThatThrownBy(() -> InThread.run(() -> device.pack(Arena.ofAuto(), source, DType.F32)))
          .isInstanceOf(WrongThreadException.class);
    }
  }
}
