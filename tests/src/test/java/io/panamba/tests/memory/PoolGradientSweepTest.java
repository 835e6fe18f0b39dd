package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;
import io.panamba.runtime.oracle.ScalarPool;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of poolings of every tail: of one token, some, all, and of maxima that are equal. */
@OnEveryTier
class PoolGradientSweepTest extends Sweep {
  private static final int[] LENGTHS = {1, 2, 31, 32, 33};
  private static final int[] WIDTHS = {1, 7, 17, 33};
  private static final int[] BATCHES = {1, 3};

  /** So few numbers that many maxima are equal. */
  private static final int NUMBERS = 5;

  @ParameterizedTest
  @EnumSource
  void shapes(Placement placement) {
    for (int dim : WIDTHS) {
      for (int length : LENGTHS) {
        for (int batch : BATCHES) {
          check(placement, batch, length, dim);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int dim = 1; dim <= MAX_CHANNELS; dim++) {
      check(placement, 1 + dim % 2, 5, dim);
    }
  }

  private static void check(Placement placement, int batch, int length, int dim) {
    for (Pool.Kind kind : Pool.Kind.values()) {
      check(placement, kind, batch, length, dim, 0, length, 1);
      check(placement, kind, batch, length, dim, length / 2, 1, 1);
      check(placement, kind, batch, length, dim, length - 1, 1, 5);
      if (length > 1) {
        check(placement, kind, batch, length, dim, 0, 2, length - 1);
        check(placement, kind, batch, length, dim, 1, (length - 2) / 3 + 1, 3);
      }
    }
  }

  private static void check(
      Placement placement,
      Pool.Kind kind,
      int batch,
      int length,
      int dim,
      int first,
      int count,
      int step) {
    try (Guarded guarded = new Guarded(placement, length + dim)) {
      Tensor input = kind == Pool.Kind.MAX ? few(guarded.input(batch, length, dim)) : null;
      Tensor outGradient = guarded.input(batch, dim);
      guarded.outputsFollow();
      Tensor gradient = guarded.output(batch, length, dim);
      PoolGradient operation =
          new PoolGradient(kind, input, first, count, step, outGradient, gradient);
      guarded.run(devices, operation);
      ScalarPool.gradient(operation)
          .assertClose(
              gradient.toFloats(),
              0,
              "%s of %d from %d by %d in %d x %d x %d"
                  .formatted(kind, count, first, step, batch, length, dim));
    }
  }

  private static Tensor few(Tensor tensor) {
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.round(values[i] * NUMBERS / 2);
    }
    tensor.copyFrom(values);
    return tensor;
  }
}
