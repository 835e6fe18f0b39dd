package io.panamba.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TensorTest {
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  @Test
  void numbersGoInAndOut() {
    Tensor tensor = Tensor.of(arena, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    assertThat(tensor.toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(tensor).hasToString("F32(2, 3)");
    assertThat(tensor.segment().address() % Tensor.ALIGNMENT).isZero();
    tensor.copyFrom(6, 5, 4, 3, 2, 1);
    assertThat(tensor.slice(1, 1).toFloats()).containsExactly(3, 2, 1);
    assertThat(tensor.slice(1, 1).shape()).isEqualTo(Shape.of(1, 3));
    assertThat(tensor.slice(2, 0).toFloats()).isEmpty();
    assertThat(tensor.reshape(Shape.of(6)).toFloats()).containsExactly(6, 5, 4, 3, 2, 1);
  }

  @Test
  void memoryIsShared() {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(2, 2));
    tensor.slice(1, 1).reshape(Shape.of(2)).copyFrom(7, 8);
    assertThat(tensor.toFloats()).containsExactly(0, 0, 7, 8);
  }

  @Test
  void segmentsOfAnotherSizeAreRefused() {
    MemorySegment segment = arena.allocate(20);
    assertThatThrownBy(() -> Tensor.of(segment, DType.F32, Shape.of(2, 2)))
        .isInstanceOf(ShapeException.class)
        .hasMessage("a tensor F32 of shape (2, 2) has 16 bytes; the segment has 20");
    assertThatThrownBy(() -> Tensor.of(segment, DType.F64, Shape.of(5)))
        .isInstanceOf(ShapeException.class)
        .hasMessage("a tensor F64 of shape (5) has 40 bytes; the segment has 20");
  }

  @Test
  void heapSegmentsAreRefused() {
    assertThatThrownBy(() -> Tensor.of(MemorySegment.ofArray(new float[4]), DType.F32, Shape.of(4)))
        .isInstanceOf(ShapeException.class)
        .hasMessage("a tensor's memory lies outside the heap; the segment is on it");
  }

  @Test
  void anotherNumberOfElementsIsRefused() {
    assertThatThrownBy(() -> Tensor.of(arena, Shape.of(2, 3), 1, 2))
        .isInstanceOf(ShapeException.class)
        .hasMessage("2 values for a tensor of shape (2, 3)");
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(2, 3));
    assertThatThrownBy(() -> tensor.reshape(Shape.of(7))).isInstanceOf(ShapeException.class);
  }

  @Test
  void slicesThatAreNotInside() {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(4, 3));
    assertThatThrownBy(() -> tensor.slice(3, 2))
        .isInstanceOf(ShapeException.class)
        .hasMessage("no slice of 2 from 3 in a tensor of shape (4, 3)");
    assertThatThrownBy(() -> tensor.slice(-1, 1)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> tensor.slice(1, -1)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> tensor.slice(1, Long.MAX_VALUE)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> Tensor.allocate(arena, DType.F32, Shape.of()).slice(0, 1))
        .isInstanceOf(ShapeException.class);
  }

  @Test
  void otherTypesAreNoFloats() {
    Tensor tensor = Tensor.allocate(arena, DType.I64, Shape.of(2));
    assertThatThrownBy(tensor::toFloats)
        .isInstanceOf(ShapeException.class)
        .hasMessage("float32 elements are wanted; the tensor of shape (2) has I64");
    assertThatThrownBy(() -> tensor.copyFrom(1, 2)).isInstanceOf(ShapeException.class);
  }

  @Test
  void arraysHaveTheirLimit() {
    MemorySegment pretended = MemorySegment.ofAddress(64).reinterpret(1L << 40);
    Tensor huge = Tensor.of(pretended, DType.F32, Shape.of(1L << 38));
    assertThatThrownBy(huge::toFloats)
        .isInstanceOf(ShapeException.class)
        .hasMessage("a tensor of shape (274877906944) is too large for an array");
  }

  @Test
  void useAfterTheArenasClose() {
    Tensor tensor = Tensor.of(arena, Shape.of(2), 1, 2);
    arena.close();
    assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> tensor.copyFrom(1, 2)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> Tensor.allocate(arena, DType.F32, Shape.of(1)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void useFromAnotherThread() throws InterruptedException {
    Tensor tensor = Tensor.of(arena, Shape.of(2), 1, 2);
    Throwable[] thrown = new Throwable[1];
    Thread thread = Thread.ofPlatform().unstarted(tensor::toFloats);
    thread.setUncaughtExceptionHandler((_, e) -> thrown[0] = e);
    thread.start();
    thread.join();
    assertThat(thrown[0]).isInstanceOf(WrongThreadException.class);
  }

  @Test
  void typesKnowTheirSize() {
    for (DType type : DType.values()) {
      Tensor tensor = Tensor.allocate(arena, type, Shape.of(3));
      assertThat(tensor.segment().byteSize()).isEqualTo(3L * type.bytes());
    }
    assertThat(tensorOfPattern().toFloats()).containsExactly(1.5f);
  }

  private Tensor tensorOfPattern() {
    MemorySegment segment = arena.allocate(4, 1);
    segment.set(ValueLayout.JAVA_INT_UNALIGNED, 0, Float.floatToRawIntBits(1.5f));
    return Tensor.of(segment, DType.F32, Shape.of(1));
  }
}
