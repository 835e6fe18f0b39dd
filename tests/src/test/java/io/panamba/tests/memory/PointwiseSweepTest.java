package io.panamba.tests.memory;

import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarFunctions;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Functions of single elements of every tail, of wider rows' columns, elsewhere and in place. */
@OnEveryTier
class PointwiseSweepTest extends Sweep {
  private static final double BOUND = 3e-7;
  private static final double RANGE = 20;
  private static final int[] ROWS = {1, 2, 31, 32, 33};
  private static final int[] WIDTHS = {1, 7, 17, 33};

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      check(placement, 1 + columns % 3, columns);
    }
  }

  @ParameterizedTest
  @EnumSource
  void rows(Placement placement) {
    for (int rows : ROWS) {
      for (int columns : WIDTHS) {
        check(placement, rows, columns);
      }
    }
  }

  /** Around the number of elements by which threads divide a row. */
  @ParameterizedTest
  @ValueSource(ints = {8191, 8192, 8193})
  void longRows(int columns) {
    for (Placement placement : Placement.values()) {
      check(placement, 2, columns);
    }
  }

  private static void check(Placement placement, int rows, int columns) {
    for (Pointwise.Kind kind : Pointwise.Kind.values()) {
      check(placement, kind, rows, columns, 0);
      check(placement, kind, rows, columns, 1 + columns % 3);
      checkInPlace(placement, kind, rows, columns);
    }
  }

  private static void check(
      Placement placement, Pointwise.Kind kind, int rows, int columns, int margin) {
    try (Guarded guarded = new Guarded(placement, rows + columns)) {
      Columns x =
          new Columns(guarded.between(-RANGE, RANGE, rows, margin + columns), margin, columns);
      guarded.outputsFollow();
      Columns out = new Columns(guarded.output(rows, columns + margin), 0, columns);
      guarded.run(devices, new Pointwise(kind, x, out));
      assertClose(kind, Floats.of(x), out);
      guarded.assertOthersUntouched(out);
    }
  }

  private static void checkInPlace(
      Placement placement, Pointwise.Kind kind, int rows, int columns) {
    try (Guarded guarded = new Guarded(placement, rows + columns)) {
      Columns x = Columns.of(guarded.outputBetween(-RANGE, RANGE, rows, columns));
      guarded.run(devices, new Pointwise(kind, x, x));
      assertClose(kind, guarded.before(x.tensor()), x);
    }
  }

  private static void assertClose(Pointwise.Kind kind, float[] x, Columns out) {
    Values expected = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      double v = x[i];
      switch (kind) {
        case SILU -> expected.add(i, ScalarFunctions.silu(v));
        case DECAY -> expected.add(i, -Math.exp(v) / Math.log(2));
        case RELU -> expected.add(i, Math.max(v, 0));
        // Of the exponent, v^2 / 2, the rounding is relative to the number itself; below the least
        // normal number Phi may be zero.
        case GELU -> {
          double gelu = v * ScalarFunctions.normalDistribution(v);
          double least = Math.abs(v) * Float.MIN_NORMAL / BOUND;
          expected.add(i, gelu, Math.abs(gelu) * (2 + v * v / 4) + least);
        }
      }
    }
    expected.assertClose(Floats.of(out), BOUND, "%s of %d columns".formatted(kind, out.count()));
  }
}
