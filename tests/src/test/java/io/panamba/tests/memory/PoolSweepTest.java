package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.oracle.ScalarPool;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pooling of every tail: one token, some, all. */
@OnEveryTier
class PoolSweepTest extends Sweep {
  private static final int[] LENGTHS = {1, 2, 17};
  private static final int[] WIDTHS = {1, 16, 37};

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int dim = 1; dim <= MAX_CHANNELS; dim++) {
      for (int length : LENGTHS) {
        check(placement, length, dim);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void lengths(Placement placement) {
    for (int length = 1; length <= MAX_LENGTH; length++) {
      for (int dim : WIDTHS) {
        check(placement, length, dim);
      }
    }
  }

  private static void check(Placement placement, int length, int dim) {
    for (Pool.Kind kind : Pool.Kind.values()) {
      check(placement, kind, length, dim, 0, length, 1);
      check(placement, kind, length, dim, length / 2, 1, 1);
      check(placement, kind, length, dim, length - 1, 1, 5);
      if (length > 1) {
        check(placement, kind, length, dim, 0, 2, length - 1);
        check(placement, kind, length, dim, 1, (length - 2) / 3 + 1, 3);
      }
    }
  }

  private static void check(
      Placement placement, Pool.Kind kind, int length, int dim, int first, int count, int step) {
    int batch = 1 + dim % 2;
    try (Guarded guarded = new Guarded(placement, length + dim)) {
      Tensor input = guarded.input(batch, length, dim);
      guarded.outputsFollow();
      Tensor out = guarded.output(batch, dim);
      Pool operation = new Pool(kind, input, first, count, step, out);
      guarded.run(devices, operation);
      // One rounding for each sum and one for the division.
      ScalarPool.out(operation)
          .assertClose(
              out.toFloats(),
              (count + 1) * 0x1p-24,
              "%s of %d from %d by %d in %d x %d".formatted(kind, count, first, step, length, dim));
    }
  }
}
