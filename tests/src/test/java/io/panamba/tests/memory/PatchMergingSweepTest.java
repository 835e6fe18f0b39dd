package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.oracle.ScalarPatchMerging;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Patch merging, both ways, of every tail and of odd sides. */
@OnEveryTier
class PatchMergingSweepTest extends Sweep {
  private static final int MAX_SIDE = 9;

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      check(placement, new Grid(1 + channels % 4, 3), channels);
    }
  }

  @ParameterizedTest
  @EnumSource
  void grids(Placement placement) {
    for (int height = 1; height <= MAX_SIDE; height++) {
      for (int width = 1; width <= MAX_SIDE; width++) {
        check(placement, new Grid(height, width), 5);
      }
    }
  }

  private static void check(Placement placement, Grid grid, int channels) {
    int batch = 1 + channels % 2;
    long merged = PatchMerging.merged(grid).pixels();
    for (boolean reversed : new boolean[] {false, true}) {
      try (Guarded guarded = new Guarded(placement, grid.pixels() + channels)) {
        long[] pixels = {batch, grid.pixels(), channels};
        long[] quarters = {batch, merged, 4L * channels};
        Tensor read = guarded.input(reversed ? quarters : pixels);
        guarded.outputsFollow();
        Tensor written = guarded.output(reversed ? pixels : quarters);
        PatchMerging operation =
            new PatchMerging(reversed ? written : read, grid, reversed, reversed ? read : written);
        guarded.run(devices, operation);
        ScalarPatchMerging.out(operation).assertClose(written.toFloats(), 0, operation.toString());
      }
    }
  }
}
