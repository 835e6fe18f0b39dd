package io.panamba.runtime.operation;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * What boxes of an image cover, each as a map of one size (RoIAlign: Mask R-CNN, arXiv 1703.06870,
 * section 3). On its level's map a box is from {@code corner * scale - 1/2} to {@code corner *
 * scale - 1/2}, has no smallest size, and is cut into side x side bins, of which each is the mean
 * of {@code ceil(size / side)} samples along either axis. A sample outside of [-1, map size] counts
 * as 0; others mix the pixels beside them, those beyond the map counting as its last. A box whose
 * level is none of the maps, or that has a corner which is not finite or a size beyond 2^30 pixels
 * of the map, gives zeros.
 *
 * @param levels 1 to {@link #MAX_LEVELS} maps of one image, with as many channels
 * @param boxes (count, 5), float32: left, top, right and bottom in pixels of the image, and the
 *     index of the level
 * @param side of the result, 1 to {@link #MAX_SIDE}
 * @param out (count, side * side, channels), float32
 */
public record RoiAlign(List<Level> levels, Tensor boxes, int side, Tensor out)
    implements Operation {
  /** Most maps. */
  public static final int MAX_LEVELS = 4;

  /** The longest side of a result. */
  public static final int MAX_SIDE = 16;

  private static final String NAME = "roi align";

  /**
   * One map of a pyramid.
   *
   * @param map (1, pixels, channels), float32
   * @param grid of its pixels
   * @param scale pixels of the map for one of the image, above 0 and at most 1
   */
  public record Level(Tensor map, Grid grid, float scale) {}

  /** Checks shapes. */
  public RoiAlign {
    Checks.present(NAME, "levels", levels);
    levels = List.copyOf(levels);
    Checks.require(
        !levels.isEmpty() && levels.size() <= MAX_LEVELS,
        NAME,
        "%d levels; expected 1 to %d",
        levels.size(),
        MAX_LEVELS);
    Checks.require(
        side >= 1 && side <= MAX_SIDE, NAME, "a side of %d; expected 1 to %d", side, MAX_SIDE);
    long count = Checks.rank(NAME, "boxes", boxes, 2).size(0);
    Checks.shape(NAME, "boxes", boxes, count, 5);
    long channels = Checks.rank(NAME, "out", out, 3).size(2);
    Checks.output(NAME, "out", out, count, (long) side * side, channels);
    Checks.apart(NAME, "out", out, "boxes", boxes);
    for (Level level : levels) {
      Checks.present(NAME, "grid", level.grid());
      Checks.shape(NAME, "map", level.map(), 1, level.grid().pixels(), channels);
      Checks.apart(NAME, "out", out, "map", level.map());
      Checks.require(
          level.scale() > 0 && level.scale() <= 1,
          NAME,
          "a scale of %s; expected above 0 and at most 1",
          level.scale());
    }
  }

  @Override
  public List<Operand> reads() {
    List<Operand> operands = Operand.of(boxes);
    levels.forEach(level -> operands.add(level.map()));
    return operands;
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
