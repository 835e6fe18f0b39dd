package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarScanGradient;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Gradients of selective scans of every tail, state size, rank and interval of saved states, with
 * and without each optional argument. The scan that saves the states runs between guards too.
 */
@OnEveryTier
class ScanGradientSweepTest extends Sweep {
  private static final int[] LENGTHS = {1, 2, 31, 32, 33};
  private static final int[] WIDTHS = {1, 7, 17, 33};
  private static final int[] BATCHES = {1, 3};
  private static final int[] SEVERAL_PARTS = {64, 65, 130};
  private static final int[] STATES = {8, 16};
  private static final int[] INTERVALS = {1, 7, 16, 32, SelectiveScan.MAX_SAVED_INTERVAL};

  private enum Directions {
    FORWARD,
    BACKWARD,
    BOTH
  }

  private record Sizes(int batch, int length, int channels, int states, int dtRank) {}

  /** What a case has, by the bits of its number. */
  private record Variant(Directions directions, int number) {
    private boolean bit(int i) {
      return (number >> i & 1) != 0;
    }

    boolean biased() {
      return bit(0);
    }

    boolean skip() {
      return bit(1);
    }

    boolean gated() {
      return bit(2) || bit(0);
    }

    boolean wide() {
      return bit(1);
    }

    boolean scaled() {
      return bit(3);
    }

    boolean out() {
      return bit(0) != bit(1);
    }

    float scale() {
      return bit(2) ? 0.5f : 1;
    }

    int interval() {
      return INTERVALS[number % INTERVALS.length];
    }
  }

  @ParameterizedTest
  @EnumSource
  void shapes(Placement placement) {
    for (int channels : WIDTHS) {
      for (int length : LENGTHS) {
        for (int batch : BATCHES) {
          for (int states : STATES) {
            check(placement, new Sizes(batch, length, channels, states, 3));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      check(placement, new Sizes(1 + channels % 2, 5, channels, 16, 2));
    }
    for (int channels : SEVERAL_PARTS) {
      check(placement, new Sizes(2, 9, channels, 16, 5));
    }
  }

  @ParameterizedTest
  @EnumSource
  void states(Placement placement) {
    for (int states = 1; states <= SelectiveScan.MAX_STATES; states++) {
      check(placement, new Sizes(1, 6, WIDTHS[states % WIDTHS.length], states, 2));
    }
  }

  @ParameterizedTest
  @EnumSource
  void ranks(Placement placement) {
    for (int rank = 1; rank <= MAX_CHANNELS; rank++) {
      check(placement, new Sizes(1, 4, WIDTHS[rank % WIDTHS.length], 16, rank));
    }
  }

  private static void check(Placement placement, Sizes sizes) {
    int number = sizes.batch + sizes.length + sizes.channels + 7 * sizes.states + sizes.dtRank;
    for (Directions directions : Directions.values()) {
      check(placement, sizes, new Variant(directions, number));
      number += 5;
    }
  }

  private static void check(Placement placement, Sizes sizes, Variant variant) {
    int channels = sizes.channels;
    try (Guarded guarded = new Guarded(placement, variant.number)) {
      SelectiveScan.Direction first =
          variant.directions == Directions.BACKWARD ? null : scan(guarded, sizes, variant);
      SelectiveScan.Direction second =
          variant.directions == Directions.FORWARD ? null : scan(guarded, sizes, variant);
      Tensor outGradient = guarded.input(sizes.batch, sizes.length, channels);
      Columns z =
          variant.gated() ? half(guarded.between(-4, 4, wide(sizes, variant)), sizes) : null;
      Tensor imageScale = guarded.perhaps(variant.scaled(), sizes.batch);
      Tensor y = guarded.input(sizes.batch, sizes.length, channels);
      Guarded.run(
          devices.one(),
          new SelectiveScan(first, second, null, 1, null, variant.interval(), false, y));
      guarded.outputsFollow();
      ScanGradient operation =
          new ScanGradient(
              outGradient,
              z,
              imageScale,
              z == null ? null : half(guarded.output(wide(sizes, variant)), sizes),
              variant.out() ? guarded.output(sizes.batch, sizes.length, channels) : null,
              first == null ? null : withOutputs(guarded, first, sizes),
              second == null ? null : withOutputs(guarded, second, sizes),
              variant.scale(),
              variant.interval());
      guarded.run(devices, operation);
      assertClose(operation, sizes + ", " + variant);
      if (z != null) {
        guarded.assertOthersUntouched(operation.zGradient());
      }
    }
  }

  /** Rows that hold another tensor's columns beside z's, as those of xz do. */
  private static long[] wide(Sizes sizes, Variant variant) {
    return new long[] {sizes.batch, sizes.length, (variant.wide() ? 2L : 1L) * sizes.channels};
  }

  private static Columns half(Tensor tensor, Sizes sizes) {
    return new Columns(tensor, tensor.shape().size(-1) - sizes.channels, sizes.channels);
  }

  private static SelectiveScan.Direction scan(Guarded guarded, Sizes sizes, Variant variant) {
    long channels = sizes.channels;
    int chunks = Math.ceilDiv(sizes.length, variant.interval());
    return new SelectiveScan.Direction(
        guarded.input(sizes.batch, sizes.length, channels),
        guarded.input(sizes.batch, sizes.length, sizes.dtRank + 2L * sizes.states),
        guarded.input(sizes.dtRank, channels),
        guarded.perhaps(variant.biased(), channels),
        guarded.between(-4, 0, sizes.states, channels),
        guarded.perhaps(variant.skip(), channels),
        null,
        null,
        guarded.input(sizes.batch, chunks, sizes.states, channels));
  }

  private static ScanGradient.Direction withOutputs(
      Guarded guarded, SelectiveScan.Direction scan, Sizes sizes) {
    long channels = sizes.channels;
    long width = sizes.dtRank + 2L * sizes.states;
    return new ScanGradient.Direction(
        scan,
        guarded.output(sizes.batch, sizes.length, channels),
        guarded.output(ScanGradient.parts(channels), sizes.batch, sizes.length, width),
        guarded.output(sizes.batch, sizes.states + sizes.dtRank + 2L, channels));
  }

  private static void assertClose(ScanGradient operation, String what) {
    ScalarScanGradient expected = new ScalarScanGradient(operation);
    assertClose(expected, operation.forward(), false, what);
    assertClose(expected, operation.backward(), true, what);
    if (operation.out() != null) {
      expected.out().assertClose(operation.out().toFloats(), expected.bound(), "out, " + what);
    }
    if (operation.z() != null) {
      expected
          .zGradient()
          .assertClose(Floats.of(operation.zGradient()), expected.bound(), "z, " + what);
    }
  }

  private static void assertClose(
      ScalarScanGradient expected,
      ScanGradient.Direction direction,
      boolean backward,
      String what) {
    if (direction != null) {
      ScalarScanGradient.Results results = expected.run(direction, backward);
      double bound = expected.bound();
      results.uGradient().assertClose(direction.uGradient().toFloats(), bound, "u, " + what);
      results
          .projectedParts()
          .assertClose(direction.projectedParts().toFloats(), bound, "projected, " + what);
      results
          .parameterParts()
          .assertClose(direction.parameterParts().toFloats(), bound, "parameters, " + what);
    }
  }
}
