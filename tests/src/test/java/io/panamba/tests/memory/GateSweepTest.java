package io.panamba.tests.memory;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Gate;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarGate;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gates of every tail, of wider rows' columns, elsewhere and over either operand. */
@OnEveryTier
class GateSweepTest extends Sweep {
  private static final int[] WIDTHS = {1, 7, 17, 33};

  private enum Output {
    APART,
    GATE,
    X,
    BOTH
  }

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
    for (int rows = 1; rows <= MAX_LENGTH; rows++) {
      check(placement, rows, WIDTHS[rows % WIDTHS.length]);
    }
  }

  /** Around the number of elements by which threads divide rows. */
  @ParameterizedTest
  @ValueSource(ints = {4096, 8191, 8192, 8193})
  void longRows(int columns) {
    for (Placement placement : Placement.values()) {
      check(placement, 3, columns);
    }
  }

  private static void check(Placement placement, int rows, int columns) {
    for (Output output : Output.values()) {
      for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
        check(placement, rows, columns, output, dtype);
      }
    }
  }

  private static void check(
      Placement placement, int rows, int columns, Output output, DType dtype) {
    int margin = (rows + columns) % 3;
    long[] sizes = {rows, 2L * margin + columns};
    try (Guarded guarded = new Guarded(placement, rows + columns)) {
      Columns input = new Columns(guarded.activation(dtype, sizes), margin, columns);
      guarded.outputsFollow();
      Tensor written = guarded.output(dtype, sizes);
      Columns out = new Columns(written, margin, columns);
      boolean overGate = output == Output.GATE || output == Output.BOTH;
      boolean overX = output == Output.X || output == Output.BOTH;
      guarded.run(devices, new Gate(overGate ? out : input, overX ? out : input, out));
      float[] before = Floats.of(out, guarded.before(written));
      float[] read = Floats.of(input);
      ScalarGate.out(overGate ? before : read, overX ? before : read)
          .assertClose(
              Floats.of(out),
              dtype,
              0x1p-24,
              "%d x %d of %s, out %s".formatted(rows, columns, dtype, output));
      guarded.assertOthersUntouched(out);
    }
  }
}
