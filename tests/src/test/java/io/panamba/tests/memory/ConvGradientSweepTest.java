package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ConvGradient;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarConv;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of causal convolutions of every tail, on x alone and on the x half of xz. */
@OnEveryTier
class ConvGradientSweepTest extends Sweep {
  private static final double BOUND = 3e-6;
  private static final int[] FEW_LENGTHS = {1, 2, 3, 5};
  private static final int[] LENGTHS = {1, 2, 31, 32, 33, 65};
  private static final int[] WIDTHS = {1, 7, 17, 33};
  private static final int[] BATCHES = {1, 3};

  private enum Directions {
    FORWARD,
    BACKWARD,
    BOTH
  }

  private record Sizes(int batch, int length, int channels, int kernel) {}

  @ParameterizedTest
  @EnumSource
  void shapes(Placement placement) {
    for (int channels : WIDTHS) {
      for (int length : LENGTHS) {
        for (int batch : BATCHES) {
          check(placement, batch, length, channels);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      for (int length : FEW_LENGTHS) {
        check(placement, 1 + channels % 2, length, channels);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void lengths(Placement placement) {
    for (int length = 1; length <= MAX_LENGTH; length++) {
      check(placement, 2, length, WIDTHS[length % WIDTHS.length]);
    }
  }

  private static void check(Placement placement, int batch, int length, int channels) {
    for (int kernel = 2; kernel <= CausalConv.MAX_KERNEL; kernel++) {
      for (Directions directions : Directions.values()) {
        check(placement, new Sizes(batch, length, channels, kernel), directions);
      }
    }
  }

  private static void check(Placement placement, Sizes sizes, Directions directions) {
    int variant = 5 * sizes.length + 3 * sizes.channels + sizes.kernel;
    int width = variant % 2 == 0 ? sizes.channels : 2 * sizes.channels;
    int first = variant % 4 == 1 ? sizes.channels : 0;
    boolean biased = variant % 3 != 0;
    try (Guarded guarded = new Guarded(placement, variant)) {
      Columns x =
          new Columns(
              guarded.between(-3, 3, sizes.batch, sizes.length, width), first, sizes.channels);
      ConvGradient.Direction forward =
          directions == Directions.BACKWARD ? null : inputs(guarded, sizes, biased);
      ConvGradient.Direction backward =
          directions == Directions.FORWARD ? null : inputs(guarded, sizes, biased);
      guarded.outputsFollow();
      Columns xGradient =
          new Columns(guarded.output(sizes.batch, sizes.length, width), first, sizes.channels);
      ConvGradient operation =
          new ConvGradient(
              x,
              xGradient,
              withOutput(guarded, forward, sizes),
              withOutput(guarded, backward, sizes));
      guarded.run(devices, operation);
      String what = sizes + ", " + directions;
      Values expected = new Values(sizes.batch * sizes.length * sizes.channels);
      assertClose(x, operation.forward(), false, expected, what);
      assertClose(x, operation.backward(), true, expected, what);
      expected.assertClose(Floats.of(xGradient), BOUND, what);
      guarded.assertOthersUntouched(xGradient);
    }
  }

  private static ConvGradient.Direction inputs(Guarded guarded, Sizes sizes, boolean biased) {
    return new ConvGradient.Direction(
        guarded.input(sizes.kernel, sizes.channels),
        guarded.perhaps(biased, sizes.channels),
        guarded.input(sizes.batch, sizes.length, sizes.channels),
        null);
  }

  private static ConvGradient.Direction withOutput(
      Guarded guarded, ConvGradient.Direction d, Sizes sizes) {
    if (d == null) {
      return null;
    }
    Tensor parts = guarded.output(sizes.batch, sizes.kernel + 1L, sizes.channels);
    return new ConvGradient.Direction(d.weight(), d.bias(), d.outGradient(), parts);
  }

  /** Adds a direction's gradient of x to the sum and checks its parameters'. */
  private static void assertClose(
      Columns x, ConvGradient.Direction direction, boolean backward, Values sum, String what) {
    if (direction != null) {
      ScalarConv.gradient(x, direction, backward, sum)
          .assertClose(direction.parameterParts().toFloats(), BOUND, "parameters, " + what);
    }
  }
}
