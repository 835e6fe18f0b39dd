package io.panamba.tests.memory;

import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarConv2d;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Convolutions of every tail, plain and transposed, from parts of wider pixels. */
@OnEveryTier
class Conv2dSweepTest extends Sweep {
  static final Kernel[] KERNELS = {
    Kernel.square(3, 1, 1),
    Kernel.square(3, 2, 1),
    Kernel.square(2, 2, 0),
    new Kernel(2, 3, 1, 1),
    Kernel.square(1, 1, 0),
    Kernel.square(4, 4, 0),
    Kernel.square(5, 3, 2)
  };

  private static final int[] FEW_CHANNELS = {1, 2, 17};
  private static final int[] WIDTHS = {1, 16, 33};
  private static final float[] ACCUMULATE = {0, 1, -0.5f};

  /**
   * Element types.
   *
   * @param input of the input and the weight
   * @param out of the output
   */
  record Types(DType input, DType out) {
    static final Types[] ALL = {
      new Types(DType.F32, DType.F32),
      new Types(DType.BF16, DType.BF16),
      new Types(DType.BF16, DType.F32),
      new Types(DType.F32, DType.BF16)
    };
  }

  private record Sizes(Grid large, int channels, int columns, Kernel kernel, boolean transposed) {}

  /** At least as many pixels as the kernel needs. */
  static Grid grid(int height, int width, Kernel kernel) {
    return new Grid(
        Math.max(height, kernel.height() - 2 * kernel.padding()),
        Math.max(width, kernel.width() - 2 * kernel.padding()));
  }

  @ParameterizedTest
  @EnumSource
  void outputs(Placement placement) {
    for (int columns = 1; columns <= MAX_CHANNELS; columns++) {
      for (int channels : FEW_CHANNELS) {
        check(placement, 4, 5, channels, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void inputs(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      for (int columns : WIDTHS) {
        check(placement, 3, 3, channels, columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void pixels(Placement placement) {
    for (int width = 1; width <= MAX_LENGTH; width++) {
      for (int columns : WIDTHS) {
        check(placement, 1 + width % 6, width, 3, columns);
      }
    }
  }

  /** Kernels take turns, and both ways of each. */
  private static void check(Placement placement, int height, int width, int channels, int columns) {
    Kernel kernel = KERNELS[(width + channels + 2 * columns) % KERNELS.length];
    for (boolean transposed : new boolean[] {false, true}) {
      check(
          placement, new Sizes(grid(height, width, kernel), channels, columns, kernel, transposed));
    }
  }

  private static void check(Placement placement, Sizes sizes) {
    int variant = Math.toIntExact(sizes.large.pixels()) + sizes.channels + 5 * sizes.columns;
    Types types = Types.ALL[variant % Types.ALL.length];
    int margin = variant % 3;
    Grid small = sizes.kernel.over(sizes.large);
    Grid grid = sizes.transposed ? small : sizes.large;
    Grid outGrid = sizes.transposed ? sizes.large : small;
    int batch = 1 + variant % 2;
    try (Guarded guarded = new Guarded(placement, variant)) {
      Columns input =
          new Columns(
              guarded.activation(types.input, batch, grid.pixels(), 2L * margin + sizes.channels),
              margin,
              sizes.channels);
      Tensor weight =
          guarded.weight(types.input, sizes.kernel.taps(), sizes.columns, sizes.channels);
      Tensor bias = guarded.perhaps(variant % 2 == 0, sizes.columns);
      PackedMatrix packed = guarded.packTaps(devices.one(), weight, types.input);
      guarded.outputsFollow();
      Tensor out = guarded.output(types.out, batch, outGrid.pixels(), sizes.columns);
      Conv2d operation =
          new Conv2d(
              input,
              grid,
              packed,
              bias,
              sizes.kernel,
              sizes.transposed,
              ACCUMULATE[variant / 2 % ACCUMULATE.length],
              ACTIVATIONS[variant / 4 % 3],
              outGrid,
              out);
      guarded.run(devices, operation);
      // One rounding for each product, the bias and what is accumulated.
      ScalarConv2d.out(
              operation, weight.toFloats(), guarded.before(out), ScalarConv2d.places(outGrid))
          .assertClose(
              Floats.of(out),
              types.out,
              (sizes.kernel.taps() * sizes.channels + 2) * 0x1p-24,
              sizes + ", " + operation);
    }
  }
}
