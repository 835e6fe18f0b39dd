package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Linear;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/** The speed of a GPU's products: large square ones, as cuBLASLt does them. */
final class CudaPeak {
  private static final int SIZE = 4096;
  private static final int PRODUCTS = 20;

  private CudaPeak() {}

  /** Floating-point operations a second, a multiply-add counting two. */
  static double measure(CudaDevice device, DType dtype) {
    Shape square = Shape.of(SIZE, SIZE);
    try (Arena arena = Arena.ofShared()) {
      // Zeros would take less power than numbers do, and so be multiplied faster.
      SplittableRandom random = new SplittableRandom(1);
      float[] values = new float[SIZE * SIZE];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      PackedMatrix weight;
      try (Arena local = Arena.ofConfined()) {
        weight = device.pack(arena, MatrixSource.of(Tensor.of(local, square, values)), dtype);
      }
      Tensor input = ofBits(device, weight);
      Tensor out = device.allocate(arena, dtype, square);
      List<Linear> products = Collections.nCopies(PRODUCTS, Linear.of(input, weight, null, 0, out));
      try (Plan plan = device.plan(products)) {
        plan.run();
        plan.run();
        double flops = 2.0 * SIZE * SIZE * SIZE * PRODUCTS;
        return flops / (plan.deviceMillis().orElseThrow() * 1e-3);
      }
    }
  }

  /** A tensor over a packed matrix, which is a plain one on a GPU. */
  private static Tensor ofBits(CudaDevice device, PackedMatrix matrix) {
    return Memory.tensor(
        Memory.of(matrix), matrix.dtype(), Shape.of(matrix.columns(), matrix.depth()), device);
  }
}
