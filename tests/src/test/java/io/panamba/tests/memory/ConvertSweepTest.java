package io.panamba.tests.memory;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversions of every tail between all types, from and to columns of wider rows. */
@OnEveryTier
class ConvertSweepTest extends Sweep {
  private static final DType[] TYPES = {DType.F32, DType.BF16};

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      check(placement, 1 + columns % 3, columns);
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
    for (DType from : TYPES) {
      for (DType to : TYPES) {
        check(placement, rows, columns, from, to);
      }
    }
  }

  private static void check(Placement placement, int rows, int columns, DType from, DType to) {
    int margin = columns % 3;
    try (Guarded guarded = new Guarded(placement, rows + columns)) {
      Columns x =
          new Columns(guarded.activation(from, rows, 2L * margin + columns), margin, columns);
      guarded.outputsFollow();
      Tensor written = guarded.output(to, rows, margin + columns);
      Columns out = new Columns(written, margin, columns);
      guarded.run(devices, new Convert(x, out));
      float[] numbers = Floats.of(x);
      Values expected = new Values(numbers.length);
      for (int i = 0; i < numbers.length; i++) {
        expected.set(i, to == DType.BF16 ? Floats.toBfloat(numbers[i]) : numbers[i], 0);
      }
      expected.assertClose(
          Floats.of(out), 0, "%d x %d from %s to %s".formatted(rows, columns, from, to));
      guarded.assertOthersUntouched(out);
    }
  }
}
