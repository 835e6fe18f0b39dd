package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.oracle.ScalarConv;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Causal convolutions of every tail, on x alone and on the x half of xz. */
@OnEveryTier
class CausalConvSweepTest extends Sweep {
  private static final double BOUND = 1e-6;
  private static final int[] LENGTHS = {1, 2, 3, 5, 17};
  private static final int[] WIDTHS = {1, 16, 37};

  private enum Directions {
    FORWARD,
    BACKWARD,
    BOTH
  }

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      for (int length : LENGTHS) {
        check(placement, 1 + channels % 2, length, channels);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void lengths(Placement placement) {
    for (int length = 1; length <= MAX_LENGTH; length++) {
      for (int channels : WIDTHS) {
        check(placement, 1 + length % 2, length, channels);
      }
    }
  }

  /** Every kernel; the directions take turns. */
  private static void check(Placement placement, int batch, int length, int channels) {
    Directions[] directions = Directions.values();
    for (int kernel = 2; kernel <= CausalConv.MAX_KERNEL; kernel++) {
      int turn = (kernel + length + channels) % directions.length;
      check(placement, batch, length, channels, kernel, directions[turn]);
    }
  }

  private static void check(
      Placement placement, int batch, int length, int channels, int kernel, Directions directions) {
    int variant = 5 * length + 3 * channels + kernel;
    int width = variant % 2 == 0 ? channels : 2 * channels;
    int first = variant % 4 == 1 ? channels : 0;
    try (Guarded guarded = new Guarded(placement, variant)) {
      Columns x = new Columns(guarded.input(batch, length, width), first, channels);
      Tensor weight = guarded.input(kernel, channels);
      Tensor otherWeight = guarded.input(kernel, channels);
      Tensor bias = guarded.perhaps(variant % 3 != 0, channels);
      guarded.outputsFollow();
      CausalConv.Direction forward =
          directions == Directions.BACKWARD
              ? null
              : new CausalConv.Direction(weight, bias, guarded.output(batch, length, channels));
      CausalConv.Direction backward =
          directions == Directions.FORWARD
              ? null
              : new CausalConv.Direction(
                  otherWeight, bias, guarded.output(batch, length, channels));
      guarded.run(devices, CausalConv.of(x, forward, backward));
      String what =
          "%d x %d x %d, kernel %d, %s".formatted(batch, length, channels, kernel, directions);
      assertClose(x, forward, false, what);
      assertClose(x, backward, true, what);
    }
  }

  private static void assertClose(
      Columns x, CausalConv.Direction direction, boolean backward, String what) {
    if (direction != null) {
      ScalarConv.out(x, direction, backward).assertClose(direction.out().toFloats(), BOUND, what);
    }
  }
}
