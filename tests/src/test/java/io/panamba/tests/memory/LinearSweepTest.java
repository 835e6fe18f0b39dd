package io.panamba.tests.memory;

import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarLinear;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Linear layers of every tail, reading and writing parts of wider rows. */
@OnEveryTier
class LinearSweepTest extends Sweep {
  private static final int[] FEW_ROWS = {1, 5, 14};
  private static final int[] DEPTHS = {1, 2, 17};
  private static final int[] WIDTHS = {1, 16, 33};
  private static final int PADDING = 3;
  private static final float[] ACCUMULATE = {0, 1, -0.5f};

  /**
   * How a case reaches its memory.
   *
   * @param before columns of wider rows before the chosen ones
   * @param after columns after them
   */
  private record Margin(int before, int after) {
    static final Margin[] ALL = {new Margin(0, 0), new Margin(PADDING, 0), new Margin(0, PADDING)};
  }

  @ParameterizedTest
  @EnumSource
  void outputs(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (int rows : FEW_ROWS) {
        for (int depth : DEPTHS) {
          check(placement, rows, depth, columns);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void rows(Placement placement) {
    for (int rows = 1; rows <= MAX_LENGTH; rows++) {
      for (int columns : WIDTHS) {
        check(placement, rows, 3, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void inputs(Placement placement) {
    for (int depth = 1; depth <= MAX_CHANNELS; depth++) {
      for (int columns : WIDTHS) {
        check(placement, 7, depth, columns);
      }
    }
  }

  private static void check(Placement placement, int rows, int depth, int columns) {
    int variant = rows + depth + columns;
    Margin margin = Margin.ALL[variant % Margin.ALL.length];
    float accumulate = ACCUMULATE[(variant / 2) % ACCUMULATE.length];
    try (Guarded guarded = new Guarded(placement, variant)) {
      Tensor input = guarded.input(rows, margin.before + depth + margin.after);
      Tensor weight = guarded.input(columns, depth);
      Tensor bias = guarded.perhaps(variant % 2 == 0, columns);
      PackedMatrix packed = guarded.pack(devices.one(), MatrixSource.of(weight));
      guarded.outputsFollow();
      Tensor out = guarded.output(rows, margin.before + columns + margin.after);
      Columns from = new Columns(input, margin.before, depth);
      Columns to = new Columns(out, margin.before, columns);
      guarded.run(devices, new Linear(from, packed, bias, accumulate, Linear.Activation.NONE, to));

      Values expected =
          ScalarLinear.out(Floats.of(from), weight.toFloats(), Floats.of(bias), rows, columns);
      float[] before = Floats.of(to, guarded.before(out));
      for (int i = 0; i < before.length; i++) {
        expected.add(i, (double) accumulate * before[i]);
      }
      // One rounding for each product, the bias and what is accumulated.
      expected.assertClose(
          Floats.of(to),
          (depth + 2) * 0x1p-24,
          "(%d, %d) by (%d, %d), margin %s".formatted(rows, depth, columns, depth, margin));
      guarded.assertOthersUntouched(to);
    }
  }
}
