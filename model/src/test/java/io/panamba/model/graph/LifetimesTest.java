package io.panamba.model.graph;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Buffers that are used at the same time never share memory; others do. */
class LifetimesTest {
  private static final int STEPS = 40;

  private static Buffer used(DType dtype, long elements, int first, int last) {
    Buffer buffer = new Buffer(dtype, Shape.of(elements));
    buffer.use(first);
    buffer.use(last);
    return buffer;
  }

  private static boolean overlap(Tensor one, Tensor other) {
    long first = one.segment().address();
    long second = other.segment().address();
    return first < second + other.segment().byteSize() && second < first + one.segment().byteSize();
  }

  @Test
  void randomLifetimes() {
    SplittableRandom random = new SplittableRandom(5);
    try (Device device = Device.cpu(1)) {
      for (int round = 0; round < 50; round++) {
        try (CountingArena arena = new CountingArena(Arenas.shared())) {
          List<Buffer> buffers = new ArrayList<>();
          for (int i = 0; i < 60; i++) {
            int first = random.nextInt(STEPS);
            DType dtype = random.nextInt(4) == 0 ? DType.BF16 : DType.F32;
            Buffer buffer = used(dtype, 1 + random.nextInt(500), first, first + random.nextInt(6));
            if (random.nextInt(10) == 0) {
              buffer.keep();
            }
            buffers.add(buffer);
          }
          Lifetimes.place(buffers, new DeviceMemory(device, arena));
          check(buffers);
          long apart =
              buffers.stream().mapToLong(one -> one.elements() * one.dtype().bytes()).sum();
          assertThat(arena.bytes()).isLessThan(apart * 2 / 3);
        }
      }
    }
  }

  private static void check(List<Buffer> buffers) {
    for (Buffer one : buffers) {
      for (Buffer other : buffers) {
        if (one != other && one.first() <= other.last() && other.first() <= one.last()) {
          assertThat(overlap(one.tensor(), other.tensor()))
              .as("%d to %d and %d to %d", one.first(), one.last(), other.first(), other.last())
              .isFalse();
        }
      }
    }
  }

  /** A step's input is not overwritten by its output. */
  @Test
  void theStepThatIsCommonToBoth() {
    try (Device device = Device.cpu(1);
        CountingArena arena = new CountingArena(Arenas.shared())) {
      Buffer input = used(DType.F32, 100, 0, 3);
      Buffer output = used(DType.F32, 100, 3, 5);
      Buffer later = used(DType.F32, 90, 4, 6);
      Buffer unused = new Buffer(DType.F32, Shape.of(1000));
      Lifetimes.place(List.of(input, output, later, unused), new DeviceMemory(device, arena));
      assertThat(overlap(input.tensor(), output.tensor())).isFalse();
      assertThat(later.tensor().segment().address()).isEqualTo(input.tensor().segment().address());
      assertThat(arena.bytes()).isEqualTo(800);
    }
  }
}
