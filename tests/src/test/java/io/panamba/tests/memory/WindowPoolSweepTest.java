package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPool.Windows;
import io.panamba.runtime.operation.WindowPoolGradient;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarWindowPool;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Pooled windows of every tail, more of them than pixels too, apart and across each other, on parts
 * of wider pixels, and their gradients, also of maxima that are equal.
 */
@OnEveryTier
class WindowPoolSweepTest extends Sweep {
  private static final int MAX_SIDE = 8;
  private static final int[] WINDOWS = {1, 2, 3, 6};

  /** So few numbers that many maxima are equal. */
  private static final int NUMBERS = 5;

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      Grid grid = new Grid(4, 3);
      check(placement, Windows.adaptive(3, 2), grid, channels);
      check(placement, Windows.maximum(2, 1 + channels % 3), grid, channels);
    }
  }

  @ParameterizedTest
  @EnumSource
  void grids(Placement placement) {
    for (int height = 1; height <= MAX_SIDE; height++) {
      for (int width = 1; width <= MAX_SIDE; width++) {
        Grid grid = new Grid(height, width);
        for (int count : WINDOWS) {
          check(placement, Windows.adaptive(count, 1 + (count + height) % 4), grid, 3);
          if (count <= height && count <= width) {
            check(placement, Windows.maximum(count, 1 + (height + width) % 4), grid, 3);
          }
        }
      }
    }
  }

  private static void check(Placement placement, Windows windows, Grid grid, int channels) {
    int variant = Math.toIntExact(grid.pixels()) + channels;
    int batch = 1 + variant % 2;
    int margin = variant / 2 % 3;
    forward(placement, windows, grid, batch, channels, margin);
    gradient(placement, windows, grid, batch, channels, margin);
  }

  private static void forward(
      Placement placement, Windows windows, Grid grid, int batch, int channels, int margin) {
    int width = 2 * margin + channels;
    try (Guarded guarded = new Guarded(placement, grid.pixels() + channels)) {
      Columns x = new Columns(guarded.input(batch, grid.pixels(), width), margin, channels);
      guarded.outputsFollow();
      Columns out =
          new Columns(guarded.output(batch, windows.over(grid).pixels(), width), margin, channels);
      WindowPool operation = new WindowPool(windows, x, grid, out);
      guarded.run(devices, operation);
      // One rounding for each sum and one for the division.
      ScalarWindowPool.out(operation)
          .assertClose(Floats.of(out), (grid.pixels() + 1) * 0x1p-24, operation.toString());
      guarded.assertOthersUntouched(out);
    }
  }

  private static void gradient(
      Placement placement, Windows windows, Grid grid, int batch, int channels, int margin) {
    boolean max = windows.kind() == Pool.Kind.MAX;
    long count = windows.over(grid).pixels();
    try (Guarded guarded = new Guarded(placement, grid.pixels() + channels)) {
      Tensor x = few(guarded.input(batch, grid.pixels(), 2L * margin + channels));
      Tensor outGradient = guarded.input(batch, count, channels);
      guarded.outputsFollow();
      Tensor gradient = guarded.output(batch, grid.pixels(), channels);
      WindowPoolGradient operation =
          new WindowPoolGradient(
              windows, max ? new Columns(x, margin, channels) : null, grid, outGradient, gradient);
      guarded.run(devices, operation);
      // A rounding for each window, and one for its share.
      ScalarWindowPool.gradient(operation)
          .assertClose(gradient.toFloats(), (count + 1) * 0x1p-24, operation.toString());
    }
  }

  private static Tensor few(Tensor tensor) {
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.round(values[i] * NUMBERS / 2);
    }
    tensor.copyFrom(values);
    return tensor;
  }
}
