package io.panamba.tests.memory;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.oracle.Floats;
import io.panamba.runtime.oracle.ScalarDepthwise;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Depthwise convolutions of every tail and strip, on parts of wider pixels, with every gate. */
@OnEveryTier
class DepthwiseConvSweepTest extends Sweep {
  private static final int[] SIDES = {3, 5, 7};
  private static final int[] WIDTHS = {1, 16, 37};

  /** Where the gate is. */
  private enum Gating {
    NONE,
    APART,
    /** The output holds it. */
    IN_OUT,
    /** So it does, and beside it, in the same rows, is x. */
    BESIDE_X
  }

  private static final Gating[] GATINGS = Gating.values();

  private record Sizes(int batch, Grid grid, int channels, int side, DType dtype) {}

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      check(placement, new Grid(3, 4), channels);
      check(placement, new Grid(1, 8), channels);
    }
  }

  @ParameterizedTest
  @EnumSource
  void grids(Placement placement) {
    for (int width = 1; width <= MAX_LENGTH; width++) {
      for (int channels : WIDTHS) {
        check(placement, new Grid(1 + width % 11, width), channels);
      }
    }
  }

  private static void check(Placement placement, Grid grid, int channels) {
    for (int side : SIDES) {
      int variant = Math.toIntExact(grid.pixels()) + 3 * channels + side / 2;
      DType dtype = variant % 2 == 0 ? DType.F32 : DType.BF16;
      Gating gating = GATINGS[variant / 2 % 4];
      check(
          placement, new Sizes(1 + variant / 3 % 2, grid, channels, side, dtype), gating, variant);
    }
  }

  private static void check(Placement placement, Sizes sizes, Gating gating, int variant) {
    int channels = sizes.channels;
    int margin = variant % 3;
    long[] pixels = {sizes.batch, sizes.grid.pixels(), 2L * margin + channels};
    long[] pairs = {sizes.batch, sizes.grid.pixels(), 2L * channels};
    try (Guarded guarded = new Guarded(placement, variant)) {
      Columns apart = new Columns(guarded.activation(sizes.dtype, pixels), margin, channels);
      Columns gate = new Columns(guarded.activation(sizes.dtype, pixels), margin, channels);
      Tensor weight = guarded.input((long) sizes.side * sizes.side, channels);
      Tensor bias = guarded.perhaps(variant % 5 != 0, channels);
      guarded.outputsFollow();
      boolean beside = gating == Gating.BESIDE_X;
      Tensor written = guarded.output(sizes.dtype, beside ? pairs : pixels);
      Columns out = new Columns(written, beside ? 0 : margin, channels);
      DepthwiseConv operation =
          new DepthwiseConv(
              beside ? new Columns(written, channels, channels) : apart,
              sizes.grid,
              weight,
              bias,
              switch (gating) {
                case NONE -> null;
                case APART -> gate;
                case IN_OUT, BESIDE_X -> out;
              },
              ACTIVATIONS[variant / 5 % 3],
              variant / 7 % 2 == 0,
              out);
      guarded.run(devices, operation);
      float[] gates =
          switch (gating) {
            case NONE -> null;
            case APART -> Floats.of(gate);
            case IN_OUT, BESIDE_X -> Floats.of(out, guarded.before(written));
          };
      // One rounding for each tap and the gate.
      ScalarDepthwise.out(operation, gates)
          .assertClose(
              Floats.of(out),
              sizes.dtype,
              (sizes.side * sizes.side + 2) * 0x1p-24,
              sizes + ", " + operation);
      guarded.assertOthersUntouched(out);
    }
  }
}
