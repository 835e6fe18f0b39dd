package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.RoiAlign;
import io.panamba.runtime.oracle.ScalarRoiAlign;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Boxes of every tail and side, on one to four maps: within their map, across its borders, outside
 * of it, without a size, and of levels that are none.
 */
@OnEveryTier
class RoiAlignSweepTest extends Sweep {
  private static final int BOXES = 9;

  /** The longest chain: the samples of a bin of a box of this many pixels, four products each. */
  private static final double LONGEST = 25;

  private static final double BOUND = (4 * LONGEST * LONGEST + 8) * 0x1p-24;

  @ParameterizedTest
  @EnumSource
  void channels(Placement placement) {
    for (int channels = 1; channels <= MAX_CHANNELS; channels++) {
      check(placement, channels, 3);
    }
    check(placement, 256, 7);
  }

  @ParameterizedTest
  @EnumSource
  void sides(Placement placement) {
    for (int side = 1; side <= RoiAlign.MAX_SIDE; side++) {
      check(placement, 5, side);
    }
  }

  /** Corners that are no numbers or too far away give zeros. */
  @ParameterizedTest
  @EnumSource
  void hostile(Placement placement) {
    float[][] corners = {
      {Float.NaN, 0, 4, 4, 0},
      {0, Float.POSITIVE_INFINITY, 4, 4, 0},
      {0, 0, Float.NEGATIVE_INFINITY, 4, 0},
      {0, 0, 4, 1e30f, 0},
      {-1e38f, 0, 1e38f, 4, 0},
      {0, 0, 4, 4, Float.NaN},
      {4, 4, 0, 0, 0}
    };
    try (Guarded guarded = new Guarded(placement, 1)) {
      Tensor map = guarded.input(1, 6, 5);
      Tensor boxes = guarded.input(corners.length, 5);
      float[] all = new float[corners.length * 5];
      for (int i = 0; i < all.length; i++) {
        all[i] = corners[i / 5][i % 5];
      }
      boxes.copyFrom(all);
      guarded.outputsFollow();
      Tensor out = guarded.output(corners.length, 4, 5);
      RoiAlign operation =
          new RoiAlign(List.of(new RoiAlign.Level(map, new Grid(2, 3), 1)), boxes, 2, out);
      guarded.run(devices, operation);
      assertThat(out.toFloats()).containsOnly(0);
    }
  }

  private static void check(Placement placement, int channels, int side) {
    SplittableRandom random = new SplittableRandom(100L * channels + side);
    try (Guarded guarded = new Guarded(placement, channels + side)) {
      List<RoiAlign.Level> levels = new ArrayList<>();
      for (int i = 0; i <= channels % RoiAlign.MAX_LEVELS; i++) {
        Grid grid = new Grid(random.nextInt(1, 12), random.nextInt(1, 12));
        levels.add(
            new RoiAlign.Level(guarded.input(1, grid.pixels(), channels), grid, 1f / (1 << i)));
      }
      Tensor boxes = guarded.input(BOXES, 5);
      float[] corners = new float[BOXES * 5];
      for (int i = 0; i < corners.length; i += 5) {
        corners[i] = random.nextFloat(-6, 14);
        corners[i + 1] = random.nextFloat(-6, 14);
        corners[i + 2] = corners[i] + random.nextFloat(-3, (float) LONGEST);
        corners[i + 3] = corners[i + 1] + (i / 5 % 3 == 0 ? 0 : random.nextFloat((float) LONGEST));
        // One more than there are, and one less.
        corners[i + 4] = random.nextInt(-1, levels.size() + 1);
      }
      boxes.copyFrom(corners);
      guarded.outputsFollow();
      Tensor out = guarded.output(BOXES, (long) side * side, channels);
      RoiAlign operation = new RoiAlign(levels, boxes, side, out);
      guarded.run(devices, operation);
      ScalarRoiAlign.out(operation).assertClose(out.toFloats(), BOUND, operation.toString());
    }
  }
}
