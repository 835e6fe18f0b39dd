package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.oracle.ScalarConv2d;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of convolutions' weights, of every tail of channels and columns. */
@OnEveryTier
class Conv2dGradientSweepTest extends Sweep {
  private static final int[] WIDTHS = {1, 16, 33};
  private static final float[] ACCUMULATE = {0, 1, -0.5f};

  @ParameterizedTest
  @EnumSource
  void outputs(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (int channels : WIDTHS) {
        check(placement, 3, 5, channels, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void inputs(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      for (int columns : WIDTHS) {
        check(placement, 4, 3, channels, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void pixels(Placement placement) {
    for (int width = 1; width <= MAX_LENGTH; width++) {
      check(placement, 1 + width % 6, width, 3, WIDTHS[width % WIDTHS.length]);
    }
    // Around the number of pixels that are copied at a time.
    for (int width = 127; width <= 131; width++) {
      check(placement, 2, width, 2, 3);
    }
  }

  private static void check(Placement placement, int height, int width, int channels, int columns) {
    int variant = width + channels + 2 * columns;
    Kernel kernel = Conv2dSweepTest.KERNELS[variant % Conv2dSweepTest.KERNELS.length];
    Grid grid = Conv2dSweepTest.grid(height, width, kernel);
    long pixels = kernel.over(grid).pixels();
    int batch = 1 + variant % 2;
    try (Guarded guarded = new Guarded(placement, variant)) {
      Tensor input = guarded.input(batch, grid.pixels(), channels);
      Tensor outGradient = guarded.input(batch, pixels, columns);
      guarded.outputsFollow();
      Tensor gradient = guarded.output(kernel.taps(), channels, columns);
      Conv2dGradient operation =
          new Conv2dGradient(
              input, grid, outGradient, kernel, ACCUMULATE[variant % ACCUMULATE.length], gradient);
      guarded.run(devices, operation);
      // One rounding for each pixel and for what is accumulated.
      ScalarConv2d.gradient(operation, guarded.before(gradient), 0, columns)
          .assertClose(gradient.toFloats(), (batch * pixels + 2) * 0x1p-24, operation.toString());
    }
  }
}
