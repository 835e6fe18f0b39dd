package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.oracle.ScalarScan;
import io.panamba.runtime.oracle.Values;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Selective scans of every tail, state size and rank, with and without each optional argument. */
@OnEveryTier
class SelectiveScanSweepTest extends Sweep {
  private static final double BOUND = 2e-6;
  private static final int[] LENGTHS = {1, 2, 17};
  private static final int[] WIDTHS = {1, 16, 37};

  /** What a case leaves out, by the bits of its number. */
  private record Variant(int number) {
    private boolean bit(int i) {
      return (number >> i & 1) != 0;
    }

    boolean forward() {
      return number % 3 != 0;
    }

    boolean backward() {
      return number % 3 != 1;
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

    boolean initial() {
      return bit(3);
    }

    boolean last() {
      return bit(4) || bit(1);
    }

    boolean accumulate() {
      return bit(2);
    }

    float scale() {
      return bit(1) ? 0.5f : 1;
    }
  }

  private record Sizes(int batch, int length, int channels, int states, int dtRank) {}

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      for (int length : LENGTHS) {
        check(placement, new Sizes(1 + channels % 2, length, channels, 16, 3));
        check(placement, new Sizes(1, length, channels, 5, 1));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void lengths(Placement placement) {
    for (int length = 1; length <= MAX_LENGTH; length++) {
      for (int channels : WIDTHS) {
        check(placement, new Sizes(1 + length % 2, length, channels, 16, 2));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void states(Placement placement) {
    for (int states = 1; states <= SelectiveScan.MAX_STATES; states++) {
      for (int channels : WIDTHS) {
        check(placement, new Sizes(1 + states % 2, 6, channels, states, 2));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void ranks(Placement placement) {
    for (int rank = 1; rank <= MAX_CHANNELS; rank++) {
      check(placement, new Sizes(1, 9, WIDTHS[rank % WIDTHS.length], 16, rank));
    }
  }

  private static void check(Placement placement, Sizes sizes) {
    int number = sizes.length + sizes.channels + 7 * sizes.states + sizes.dtRank;
    check(placement, sizes, new Variant(number));
    check(placement, sizes, new Variant(number + 13));
  }

  private static void check(Placement placement, Sizes sizes, Variant variant) {
    int channels = sizes.channels;
    try (Guarded guarded = new Guarded(placement, variant.number)) {
      SelectiveScan.Direction first = variant.forward() ? inputs(guarded, sizes, variant) : null;
      SelectiveScan.Direction second = variant.backward() ? inputs(guarded, sizes, variant) : null;
      Columns gate =
          variant.gated()
              ? new Columns(
                  guarded.input(sizes.batch, sizes.length, 2L * channels), channels, channels)
              : null;
      guarded.outputsFollow();
      SelectiveScan.Direction forward = withOutput(guarded, first, sizes, variant);
      SelectiveScan.Direction backward = withOutput(guarded, second, sizes, variant);
      Tensor out = guarded.output(sizes.batch, sizes.length, channels);
      SelectiveScan operation =
          new SelectiveScan(
              forward, backward, gate, variant.scale(), null, 0, variant.accumulate(), out);
      guarded.run(devices, operation);

      ScalarScan expected = new ScalarScan(operation);
      Values sum = expected.sum(guarded.before(out));
      String what = sizes + ", " + variant;
      step(expected, forward, false, sum, what);
      step(expected, backward, true, sum, what);
      expected.out(sum).assertClose(out.toFloats(), BOUND, what);
    }
  }

  private static SelectiveScan.Direction inputs(Guarded guarded, Sizes sizes, Variant variant) {
    long channels = sizes.channels;
    return new SelectiveScan.Direction(
        guarded.input(sizes.batch, sizes.length, channels),
        guarded.input(sizes.batch, sizes.length, sizes.dtRank + 2L * sizes.states),
        guarded.input(sizes.dtRank, channels),
        guarded.perhaps(variant.biased(), channels),
        guarded.between(-4, 0, sizes.states, channels),
        guarded.perhaps(variant.skip(), channels),
        guarded.perhaps(variant.initial(), sizes.batch, sizes.states, channels),
        null,
        null);
  }

  private static SelectiveScan.Direction withOutput(
      Guarded guarded, SelectiveScan.Direction d, Sizes sizes, Variant variant) {
    return d == null || !variant.last()
        ? d
        : new SelectiveScan.Direction(
            d.u(),
            d.projected(),
            d.dtWeight(),
            d.dtBias(),
            d.a(),
            d.d(),
            d.initialState(),
            guarded.output(sizes.batch, sizes.states, sizes.channels),
            null);
  }

  /** Adds a direction's y to the sum and checks its final state. */
  private static void step(
      ScalarScan expected,
      SelectiveScan.Direction direction,
      boolean backward,
      Values sum,
      String what) {
    if (direction == null) {
      return;
    }
    Values state = expected.run(direction, backward, sum);
    if (direction.finalState() != null) {
      state.assertClose(direction.finalState().toFloats(), BOUND, "state of " + what);
    }
  }
}
