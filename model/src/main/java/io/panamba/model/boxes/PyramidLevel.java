package io.panamba.model.boxes;

/**
 * The level of the pyramid that a box is pooled from (Feature Pyramid Networks, equation 1): {@code
 * floor(4 + log2(sqrt(area) / 224 + 1e-8))}, at least 2 and at most 5.
 */
public final class PyramidLevel {
  /** The finest level, of stride 4. */
  public static final int FIRST = 2;

  /** The coarsest level, of stride 32. */
  public static final int LAST = 5;

  private static final double CANONICAL_SIDE = 224;
  private static final int CANONICAL_LEVEL = 4;
  private static final double TINY = 1e-8;

  private PyramidLevel() {}

  /**
   * Chooses a level.
   *
   * @param boxes four sides each
   * @param at the place of the first side of the box
   * @return 2 to 5; 2 if a side is NaN
   */
  public static int of(float[] boxes, int at) {
    double area = ((double) boxes[at + 2] - boxes[at]) * ((double) boxes[at + 3] - boxes[at + 1]);
    double octaves = Math.log(Math.sqrt(area) / CANONICAL_SIDE + TINY) / Math.log(2);
    return Math.clamp((int) Math.floor(CANONICAL_LEVEL + octaves), FIRST, LAST);
  }
}
