package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Scale;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarScale;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Scales of channels, of images and of both, of every tail, elsewhere and in place. */
@OnEveryTier
class ScaleSweepTest extends Sweep {
  private static final double BOUND = 0x1p-23;
  private static final int BATCH = 3;
  private static final int[] LENGTHS = {1, 2, 5};

  /** Wide enough for a row to be a tile. */
  private static final int WIDE = 8193;

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      for (int length : LENGTHS) {
        check(placement, length, channels);
      }
    }
    check(placement, 2, WIDE);
  }

  private static void check(Placement placement, int length, int channels) {
    for (int which = 1; which <= 3; which++) {
      check(placement, which, length, channels, 0);
      check(placement, which, length, channels, 1 + channels % 3);
      checkInPlace(placement, which, length, channels);
    }
  }

  private static void check(Placement placement, int which, int length, int channels, int margin) {
    try (Guarded guarded = new Guarded(placement, length + channels)) {
      Columns x = new Columns(guarded.input(BATCH, length, margin + channels), margin, channels);
      Tensor channel = guarded.perhaps((which & 1) != 0, channels);
      Tensor image = guarded.perhaps((which & 2) != 0, BATCH);
      guarded.outputsFollow();
      Columns out = new Columns(guarded.output(BATCH, length, channels + margin), 0, channels);
      Scale operation = new Scale(x, channel, image, out);
      guarded.run(devices, operation);
      assertClose(operation, Floats.of(x));
      guarded.assertOthersUntouched(out);
    }
  }

  private static void checkInPlace(Placement placement, int which, int length, int channels) {
    try (Guarded guarded = new Guarded(placement, length + channels)) {
      Tensor channel = guarded.perhaps((which & 1) != 0, channels);
      Tensor image = guarded.perhaps((which & 2) != 0, BATCH);
      guarded.outputsFollow();
      Columns rows = Columns.of(guarded.output(BATCH, length, channels));
      Scale operation = new Scale(rows, channel, image, rows);
      guarded.run(devices, operation);
      assertClose(operation, guarded.before(rows.tensor()));
    }
  }

  private static void assertClose(Scale operation, float[] x) {
    ScalarScale.out(operation, x)
        .assertClose(Floats.of(operation.out()), BOUND, "%s scaled".formatted(operation.out()));
  }
}
