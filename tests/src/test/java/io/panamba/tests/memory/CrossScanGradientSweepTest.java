package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScan.Walks;
import io.panamba.runtime.operation.CrossScanGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.oracle.ScalarCrossScan;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Gradients of cross scans of every tail, state size, rank, order of walks and interval of saved
 * states, with and without each optional argument. The scan that saves the states runs between
 * guards too.
 */
@OnEveryTier
class CrossScanGradientSweepTest extends Sweep {
  private static final List<Grid> GRIDS =
      List.of(
          new Grid(1, 1),
          new Grid(1, 9),
          new Grid(9, 1),
          new Grid(2, 3),
          new Grid(5, 7),
          new Grid(11, 6));

  private static final int[] WIDTHS = {1, 7, 17, 33};
  private static final int[] SEVERAL_PARTS = {64, 65, 130};
  private static final int[] INTERVALS = {1, 7, 16, 32, SelectiveScan.MAX_SAVED_INTERVAL};

  private record Sizes(int batch, Grid grid, int channels, int states, int dtRank) {}

  @ParameterizedTest
  @EnumSource
  void grids(Placement placement) {
    for (Grid grid : GRIDS) {
      for (int channels : WIDTHS) {
        check(placement, new Sizes(2, grid, channels, 1, 3));
        check(placement, new Sizes(1, grid, channels, 16, 2));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      check(placement, new Sizes(1 + channels % 2, new Grid(2, 3), channels, 1, 2));
    }
    for (int channels : SEVERAL_PARTS) {
      check(placement, new Sizes(2, new Grid(3, 3), channels, 5, 5));
    }
  }

  @ParameterizedTest
  @EnumSource
  void states(Placement placement) {
    for (int states = 1; states <= SelectiveScan.MAX_STATES; states++) {
      check(placement, new Sizes(1, new Grid(2, 2), WIDTHS[states % WIDTHS.length], states, 2));
    }
  }

  @ParameterizedTest
  @EnumSource
  void ranks(Placement placement) {
    for (int rank = 1; rank <= MAX_CHANNELS; rank++) {
      check(placement, new Sizes(1, new Grid(2, 2), WIDTHS[rank % WIDTHS.length], 1, rank));
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
    long pixels = sizes.grid.pixels();
    long channels = sizes.channels;
    long width = CrossScan.WALKS * (sizes.dtRank + 2L * sizes.states);
    try (Guarded guarded = new Guarded(placement, number)) {
      CrossScan.Inputs inputs =
          new CrossScan.Inputs(
              sizes.grid,
              walks,
              guarded.input(sizes.batch, pixels, channels),
              guarded.input(sizes.batch, pixels, width),
              guarded.input(CrossScan.WALKS, sizes.dtRank, channels),
              guarded.perhaps(number % 2 == 0, CrossScan.WALKS, channels),
              guarded.between(-4, 0, CrossScan.WALKS, sizes.states, channels),
              guarded.perhaps(number % 4 < 2, CrossScan.WALKS, channels));
      long stretches = Math.ceilDiv(pixels, interval);
      Tensor saved = guarded.input(CrossScan.WALKS, sizes.batch, stretches, sizes.states, channels);
      Tensor outGradient = guarded.input(sizes.batch, pixels, channels);
      Tensor out = guarded.input(sizes.batch, pixels, channels);
      Guarded.run(devices.one(), new CrossScan(inputs, saved, interval, out));
      guarded.outputsFollow();
      CrossScanGradient operation =
          new CrossScanGradient(
              inputs,
              saved,
              interval,
              outGradient,
              guarded.output(sizes.batch, pixels, channels),
              guarded.output(ScanGradient.parts(channels), sizes.batch, pixels, width),
              guarded.output(
                  sizes.batch, CrossScan.WALKS * (sizes.states + sizes.dtRank + 2L), channels));
      guarded.run(devices, operation);
      assertClose(operation, "%s, %s, number %d".formatted(sizes, walks, number));
    }
  }

  private static void assertClose(CrossScanGradient operation, String what) {
    ScalarCrossScan.Gradients expected =
        new ScalarCrossScan(operation.inputs()).gradients(operation.outGradient().toFloats());
    double bound = expected.bound();
    expected.u().assertClose(operation.uGradient().toFloats(), bound, "u, " + what);
    expected
        .projectedParts()
        .assertClose(operation.projectedParts().toFloats(), bound, "projected, " + what);
    expected
        .parameterParts()
        .assertClose(operation.parameterParts().toFloats(), bound, "parameters, " + what);
  }
}
