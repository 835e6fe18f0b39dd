package io.panamba.tests.memory;

import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.PlanarConv2d;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarConv2d;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.Conv2dSweepTest.Types;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Convolutions of planes of every tail. */
@OnEveryTier
class PlanarConv2dSweepTest extends Sweep {
  private static final int[] COLOURS = {1, 3, 4};
  private static final int[] WIDTHS = {1, 16, 33};

  @ParameterizedTest
  @EnumSource
  void outputs(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (int colours : COLOURS) {
        check(placement, 5, 6, colours, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void pixels(Placement placement) {
    for (int width = 1; width <= MAX_LENGTH; width++) {
      for (int columns : WIDTHS) {
        check(placement, 1 + width % 7, width, 3, columns);
      }
    }
  }

  private static void check(Placement placement, int height, int width, int colours, int columns) {
    int variant = 3 * width + colours + 5 * columns;
    Kernel kernel = Conv2dSweepTest.KERNELS[variant % Conv2dSweepTest.KERNELS.length];
    Types types = Types.ALL[variant % Types.ALL.length];
    Grid grid = Conv2dSweepTest.grid(height, width, kernel);
    Grid outGrid = kernel.over(grid);
    int depth = colours * kernel.taps();
    int batch = 1 + variant % 2;
    try (Guarded guarded = new Guarded(placement, variant)) {
      Tensor image = guarded.input(batch, colours, grid.height(), grid.width());
      Tensor weight = guarded.weight(types.input(), columns, depth);
      Tensor bias = guarded.perhaps(variant / 2 % 2 == 0, columns);
      PackedMatrix packed =
          guarded.packTaps(
              devices.one(), weight.reshape(Shape.of(1, columns, depth)), types.input());
      guarded.outputsFollow();
      Tensor out = guarded.output(types.out(), batch, outGrid.pixels(), columns);
      PlanarConv2d operation =
          new PlanarConv2d(image, null, packed, bias, kernel, ACTIVATIONS[variant / 4 % 3], out);
      guarded.run(devices, operation);
      // One rounding for each product and the bias, as of a linear layer.
      ScalarConv2d.out(operation, weight.toFloats(), ScalarConv2d.places(outGrid))
          .assertClose(Floats.of(out), types.out(), (depth + 2) * 0x1p-24, operation.toString());
    }
  }
}
