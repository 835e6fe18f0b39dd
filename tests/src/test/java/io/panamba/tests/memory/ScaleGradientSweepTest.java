package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ScaleGradient;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarScale;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of scales of every tail and number of rows, elsewhere and in place. */
@OnEveryTier
class ScaleGradientSweepTest extends Sweep {
  private static final double BOUND = 0x1p-23;

  /** Of a sum over the rows of a part. */
  private static final double PART_BOUND = (ScaleGradient.PART_ROWS + 1) * 0x1p-24;

  private static final int BATCH = 2;
  private static final int[] FEW_ROWS = {1, 4};
  private static final int[] SEVERAL_PARTS = {31, 32, 33, 65};
  private static final int[] WIDTHS = {1, 7, 17, 33};

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      for (int length : FEW_ROWS) {
        check(placement, length, channels);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void rows(Placement placement) {
    for (int channels : WIDTHS) {
      for (int length : SEVERAL_PARTS) {
        check(placement, length, channels);
      }
    }
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
      boolean scaled = (which & 1) != 0;
      Columns x =
          scaled
              ? new Columns(guarded.input(BATCH, length, margin + channels), margin, channels)
              : null;
      Tensor channel = guarded.perhaps(scaled, channels);
      Tensor image = guarded.perhaps((which & 2) != 0, BATCH);
      Columns outGradient =
          new Columns(guarded.input(BATCH, length, channels + margin), 0, channels);
      guarded.outputsFollow();
      Columns xGradient =
          new Columns(guarded.output(BATCH, length, margin + channels), margin, channels);
      Tensor parts = parts(guarded, scaled, length, channels);
      ScaleGradient operation = new ScaleGradient(x, channel, image, outGradient, xGradient, parts);
      guarded.run(devices, operation);
      assertClose(operation, Floats.of(outGradient));
      guarded.assertOthersUntouched(xGradient);
    }
  }

  private static void checkInPlace(Placement placement, int which, int length, int channels) {
    try (Guarded guarded = new Guarded(placement, length + channels)) {
      boolean scaled = (which & 1) != 0;
      Columns x = scaled ? Columns.of(guarded.input(BATCH, length, channels)) : null;
      Tensor channel = guarded.perhaps(scaled, channels);
      Tensor image = guarded.perhaps((which & 2) != 0, BATCH);
      guarded.outputsFollow();
      Columns gradient = Columns.of(guarded.output(BATCH, length, channels));
      Tensor parts = parts(guarded, scaled, length, channels);
      ScaleGradient operation = new ScaleGradient(x, channel, image, gradient, gradient, parts);
      guarded.run(devices, operation);
      assertClose(operation, guarded.before(gradient.tensor()));
    }
  }

  private static Tensor parts(Guarded guarded, boolean scaled, int length, int channels) {
    return scaled ? guarded.output(ScaleGradient.parts((long) BATCH * length), channels) : null;
  }

  private static void assertClose(ScaleGradient operation, float[] outGradient) {
    String what = "scale gradient, %s".formatted(operation.outGradient());
    ScalarScale.Gradients expected = ScalarScale.gradients(operation, outGradient);
    expected.x().assertClose(Floats.of(operation.xGradient()), BOUND, what);
    if (operation.channel() != null) {
      expected
          .parts()
          .assertClose(operation.parameterParts().toFloats(), PART_BOUND, "channels, " + what);
    }
  }
}
