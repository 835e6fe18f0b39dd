package io.panamba.tests.memory;

import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarLinear;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.Conv2dSweepTest.Types;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Linear layers through gates, of every tail, reading and writing parts of wider rows. */
@OnEveryTier
class GatedLinearSweepTest extends Sweep {
  private static final int[] FEW_ROWS = {1, 5, 14};
  private static final int[] WIDTHS = {1, 16, 33};

  @ParameterizedTest
  @EnumSource
  void outputs(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (int rows : FEW_ROWS) {
        check(placement, rows, 1 + rows % 3, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void inputs(Placement placement) {
    for (int depth = 1; depth <= MAX_CHANNELS; depth++) {
      for (int columns : WIDTHS) {
        check(placement, 1 + depth % 13, depth, columns);
      }
    }
  }

  private static void check(Placement placement, int rows, int depth, int columns) {
    int variant = rows + depth + columns;
    Types types = Types.ALL[variant % Types.ALL.length];
    int margin = variant % 3;
    try (Guarded guarded = new Guarded(placement, variant)) {
      Columns input =
          new Columns(guarded.activation(types.input(), rows, 2L * margin + depth), margin, depth);
      Tensor weight = guarded.weight(types.input(), columns, depth);
      Tensor bias = guarded.perhaps(variant / 2 % 2 == 0, columns);
      PackedMatrix packed =
          guarded.packTaps(
              devices.one(), weight.reshape(Shape.of(1, columns, depth)), types.input());
      guarded.outputsFollow();
      Tensor written = guarded.output(types.out(), rows, 2L * margin + columns);
      Columns out = new Columns(written, margin, columns);
      guarded.run(devices, new GatedLinear(input, packed, bias, out));
      Values sums =
          ScalarLinear.out(Floats.of(input), weight.toFloats(), Floats.of(bias), rows, columns);
      // One rounding for each product, the bias and the gate.
      ScalarLinear.gated(sums, Floats.of(out, guarded.before(written)))
          .assertClose(
              Floats.of(out),
              types.out(),
              (depth + 2) * 0x1p-24,
              "(%d, %d) by (%d, %d), %s".formatted(rows, depth, columns, depth, types));
      guarded.assertOthersUntouched(out);
    }
  }
}
