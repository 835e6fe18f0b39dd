package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.ResizeGradient;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarResize;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Resizes of every tail to larger, smaller and equal maps, on parts of wider pixels, also of the
 * products of a convolution, and their gradients.
 */
@OnEveryTier
class ResizeSweepTest extends Sweep {
  private static final int[] SIZES = {1, 2, 3, 5, 8, 13};
  private static final float[] ACCUMULATE = {0, 1, -0.5f};

  /** Of an output that may be written over: two maps, columns of wider pixels, and a seed. */
  private record Sizes(
      int batch, Grid grid, Grid outGrid, int channels, int margin, boolean corners, int variant) {
    static Sizes of(Grid grid, Grid outGrid, int channels) {
      int variant = Math.toIntExact(3 * grid.pixels() + outGrid.pixels()) + 5 * channels;
      return new Sizes(
          1 + variant % 2, grid, outGrid, channels, variant % 3, variant / 2 % 2 == 0, variant);
    }

    float accumulate() {
      return ACCUMULATE[variant / 3 % ACCUMULATE.length];
    }

    long[] pixels(Grid of, int width) {
      return new long[] {batch, of.pixels(), 2L * margin + width};
    }
  }

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      check(placement, Sizes.of(new Grid(2, 3), new Grid(4, 5), channels));
      check(placement, Sizes.of(new Grid(4, 3), new Grid(1 + channels % 3, 2), channels));
    }
  }

  @ParameterizedTest
  @EnumSource
  void grids(Placement placement) {
    for (int from : SIZES) {
      for (int to : SIZES) {
        check(placement, Sizes.of(new Grid(from, to), new Grid(to, from), 5));
        check(placement, Sizes.of(new Grid(from, 4), new Grid(to, 7), 3));
        check(placement, Sizes.of(new Grid(6, from), new Grid(3, to), 4));
      }
    }
  }

  private static void check(Placement placement, Sizes sizes) {
    resize(placement, sizes, 1);
    resize(placement, sizes, 3);
    gradient(placement, sizes);
  }

  private static void resize(Placement placement, Sizes sizes, int side) {
    int margin = sizes.margin;
    int depth = side * side * sizes.channels;
    try (Guarded guarded = new Guarded(placement, sizes.variant)) {
      Columns x = new Columns(guarded.input(sizes.pixels(sizes.grid, depth)), margin, depth);
      guarded.outputsFollow();
      Tensor written = guarded.output(sizes.pixels(sizes.outGrid, sizes.channels));
      Columns out = new Columns(written, margin, sizes.channels);
      Resize operation =
          new Resize(
              x,
              sizes.grid,
              side,
              sizes.corners,
              sizes.accumulate(),
              ACTIVATIONS[sizes.variant / 5 % ACTIVATIONS.length],
              sizes.outGrid,
              out);
      guarded.run(devices, operation);
      float[] before = Floats.of(out, guarded.before(written));
      int[] all = IntStream.range(0, Math.toIntExact(sizes.outGrid.pixels())).toArray();
      // One rounding for each of four pixels of a tap, three of their weight, two of the rest.
      ScalarResize.out(operation, before, all)
          .assertClose(Floats.of(out), (4 * side * side + 6) * 0x1p-24, sizes + ", " + operation);
      guarded.assertOthersUntouched(out);
    }
  }

  private static void gradient(Placement placement, Sizes sizes) {
    int margin = sizes.margin;
    int channels = sizes.channels;
    try (Guarded guarded = new Guarded(placement, sizes.variant)) {
      Columns outGradient =
          new Columns(guarded.input(sizes.pixels(sizes.outGrid, channels)), margin, channels);
      guarded.outputsFollow();
      Tensor written = guarded.output(sizes.pixels(sizes.grid, channels));
      Columns gradient = new Columns(written, margin, channels);
      ResizeGradient operation =
          new ResizeGradient(
              outGradient, sizes.outGrid, sizes.corners, sizes.accumulate(), sizes.grid, gradient);
      guarded.run(devices, operation);
      // One rounding for each pixel that mixes this one, all of them at most, and of its weight.
      ScalarResize.gradient(operation, Floats.of(gradient, guarded.before(written)))
          .assertClose(
              Floats.of(gradient),
              (sizes.outGrid.pixels() + 6) * 0x1p-24,
              sizes + ", " + operation);
      guarded.assertOthersUntouched(gradient);
    }
  }
}
