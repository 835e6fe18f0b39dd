package io.panamba.tests.memory;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScan.Walks;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.oracle.ScalarCrossScan;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Cross scans of every tail, state size and rank, over images of one row, one column and one pixel,
 * of every order of walks, with and without each optional argument.
 */
@OnEveryTier
class CrossScanSweepTest extends Sweep {
  private static final double BOUND = 2e-6;

  private static final List<Grid> GRIDS =
      List.of(
          new Grid(1, 1),
          new Grid(1, 9),
          new Grid(9, 1),
          new Grid(2, 3),
          new Grid(3, 2),
          new Grid(5, 7),
          new Grid(13, 6));

  private static final int[] WIDTHS = {1, 16, 37};
  private static final int[] PAIRS = {192, 200, 223};
  private static final int[] INTERVALS = {0, 1, 7, 16, SelectiveScan.MAX_SAVED_INTERVAL};

  private record Sizes(int batch, Grid grid, int channels, int states, int dtRank) {}

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      Grid grid = GRIDS.get(channels % GRIDS.size());
      check(placement, new Sizes(1 + channels % 2, grid, channels, 1, 3));
      check(placement, new Sizes(1, grid, channels, 5, 1));
      check(placement, new Sizes(1, grid, channels, 16, 2));
    }
    for (int channels : PAIRS) {
      check(placement, new Sizes(1, new Grid(3, 4), channels, 1, 3));
    }
  }

  @ParameterizedTest
  @EnumSource
  void grids(Placement placement) {
    for (Grid grid : GRIDS) {
      for (int channels : WIDTHS) {
        check(placement, new Sizes(2, grid, channels, 1, 6));
        check(placement, new Sizes(2, grid, channels, 4, 6));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void states(Placement placement) {
    for (int states = 1; states <= SelectiveScan.MAX_STATES; states++) {
      check(placement, new Sizes(1, new Grid(2, 3), WIDTHS[states % WIDTHS.length], states, 2));
    }
  }

  @ParameterizedTest
  @EnumSource
  void ranks(Placement placement) {
    for (int rank = 1; rank <= MAX_CHANNELS; rank++) {
      check(placement, new Sizes(1, new Grid(3, 3), WIDTHS[rank % WIDTHS.length], 1, rank));
    }
  }

  private static void check(Placement placement, Sizes sizes) {
    int number = (int) sizes.grid.pixels() + sizes.channels + 7 * sizes.states + sizes.dtRank;
    for (Walks walks : Walks.values()) {
      check(placement, sizes, walks, number++);
    }
  }

  private static void check(Placement placement, Sizes sizes, Walks walks, int number) {
    int interval = INTERVALS[number % INTERVALS.length];
    try (Guarded guarded = new Guarded(placement, number)) {
      CrossScan.Inputs inputs = inputs(guarded, sizes, walks, number);
      guarded.outputsFollow();
      Tensor saved = interval == 0 ? null : guarded.output(saved(sizes, interval));
      Tensor out = guarded.output(sizes.batch, sizes.grid.pixels(), sizes.channels);
      guarded.run(devices, new CrossScan(inputs, saved, interval, out));
      ScalarCrossScan expected = new ScalarCrossScan(inputs);
      String what = "%s, %s, number %d".formatted(sizes, walks, number);
      expected.out().assertClose(out.toFloats(), BOUND, what);
      if (saved != null) {
        expected.saved(interval).assertClose(saved.toFloats(), BOUND, "states of " + what);
      }
    }
  }

  private static long[] saved(Sizes sizes, int interval) {
    long stretches = Math.ceilDiv(sizes.grid.pixels(), interval);
    return new long[] {CrossScan.WALKS, sizes.batch, stretches, sizes.states, sizes.channels};
  }

  private static CrossScan.Inputs inputs(Guarded guarded, Sizes sizes, Walks walks, int number) {
    long channels = sizes.channels;
    long width = CrossScan.WALKS * (sizes.dtRank + 2L * sizes.states);
    return new CrossScan.Inputs(
        sizes.grid,
        walks,
        guarded.activation(
            number % 3 == 0 ? DType.BF16 : DType.F32, sizes.batch, sizes.grid.pixels(), channels),
        guarded.input(sizes.batch, sizes.grid.pixels(), width),
        guarded.input(CrossScan.WALKS, sizes.dtRank, channels),
        guarded.perhaps(number % 2 == 0, CrossScan.WALKS, channels),
        guarded.between(-4, 0, CrossScan.WALKS, sizes.states, channels),
        guarded.perhaps(number % 4 < 2, CrossScan.WALKS, channels));
  }
}
