package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.oracle.ScalarDepthwise;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of depthwise convolutions' parameters, of every tail, from parts of wider pixels. */
@OnEveryTier
class DepthwiseConvGradientSweepTest extends Sweep {
  private static final int[] SIDES = {3, 5, 7};

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      check(placement, new Grid(3, 4), channels);
      check(placement, new Grid(9, 7), channels);
    }
  }

  @ParameterizedTest
  @EnumSource
  void grids(Placement placement) {
    for (int width = 1; width <= MAX_LENGTH; width++) {
      check(placement, new Grid(1 + width % 11, width), 1 + width % 17);
    }
  }

  private static void check(Placement placement, Grid grid, int channels) {
    int margin = channels % 3;
    int batch = 1 + channels % 2;
    for (int side : SIDES) {
      try (Guarded guarded = new Guarded(placement, grid.pixels() + channels + side)) {
        Columns x =
            new Columns(
                guarded.input(batch, grid.pixels(), 2L * margin + channels), margin, channels);
        Columns outGradient =
            new Columns(guarded.input(batch, grid.pixels(), margin + channels), 0, channels);
        guarded.outputsFollow();
        Tensor parts = guarded.output(batch, (long) side * side + 1, channels);
        DepthwiseConvGradient operation = new DepthwiseConvGradient(x, grid, outGradient, parts);
        guarded.run(devices, operation);
        // One rounding for each pixel.
        ScalarDepthwise.gradient(operation)
            .assertClose(parts.toFloats(), (grid.pixels() + 1) * 0x1p-24, operation.toString());
      }
    }
  }
}
