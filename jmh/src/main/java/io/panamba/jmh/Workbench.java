package io.panamba.jmh;

import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;

/** The device and the tensors of a benchmark of one operation. */
final class Workbench implements AutoCloseable {
  private static final int COPIES = 50;

  private final Random random = new Random(1);
  private final int threads;
  final Device device;
  final Arena arena = Arenas.shared();

  Workbench(int threads) {
    this.threads = threads;
    device = Device.cpu(threads);
  }

  /** A tensor from -1 to 1, of numbers that bfloat16 holds, whatever the type. */
  Tensor random(DType dtype, long... sizes) {
    Tensor tensor = zeros(dtype, sizes);
    for (long i = 0; i < tensor.shape().elements(); i++) {
      int bits = Float.floatToRawIntBits(random.nextFloat(-1, 1)) & 0xffff0000;
      if (dtype == DType.F32) {
        tensor.segment().setAtIndex(ValueLayout.JAVA_INT, i, bits);
      } else {
        tensor.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> 16));
      }
    }
    return tensor;
  }

  Tensor zeros(DType dtype, long... sizes) {
    return Tensor.allocate(arena, dtype, Shape.of(sizes));
  }

  /** A plan that has run once. */
  Plan run(Operation operation) {
    Plan plan = device.plan(List.of(operation));
    plan.run();
    return plan;
  }

  /** Prints the time that multiply-adds take at the measured peak of the threads. */
  void printFloor(double multiplyAdds, DType dtype) {
    print(2 * multiplyAdds / device.measurePeak(threads, dtype));
  }

  /** Prints the time in which a thread copies so many bytes, the best of some copies. */
  void printCopyFloor(long bytes) {
    Tensor from = zeros(DType.U8, bytes);
    Tensor to = zeros(DType.U8, bytes);
    long best = Long.MAX_VALUE;
    for (int i = 0; i < COPIES; i++) {
      long start = System.nanoTime();
      to.segment().copyFrom(from.segment());
      best = Math.min(best, System.nanoTime() - start);
    }
    print(best * 1e-9);
  }

  private static void print(double seconds) {
    System.out.printf("%n# Floor: %.1f us%n", seconds * 1e6);
  }

  /** Pairs of a result's pixel and a tap that lies inside of the image. */
  static double pairs(Grid grid, Kernel kernel) {
    Grid out = kernel.over(grid);
    return (double) along(grid.height(), out.height(), kernel.height(), kernel)
        * along(grid.width(), out.width(), kernel.width(), kernel);
  }

  private static long along(long side, long places, int taps, Kernel kernel) {
    long pairs = 0;
    for (long place = 0; place < places; place++) {
      long first = place * kernel.stride() - kernel.padding();
      pairs += Math.min(side, first + taps) - Math.max(0, first);
    }
    return pairs;
  }

  @Override
  public void close() {
    arena.close();
    device.close();
  }
}
