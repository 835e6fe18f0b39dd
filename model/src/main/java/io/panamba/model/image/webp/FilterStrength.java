package io.panamba.model.image.webp;

/**
 * How strongly the loop filter works: RFC 6386, section 15.
 *
 * @param subblockLimit the largest step across the edges inside of a macroblock, 0 for no filter
 * @param interior the largest step beside an edge
 * @param varianceThreshold above it the pixels beside an edge are left as they are
 */
record FilterStrength(int subblockLimit, int interior, int varianceThreshold) {
  static final FilterStrength OFF = new FilterStrength(0, 0, 0);

  private static final int MAX_LEVEL = 63;

  /** The largest step across the edges of macroblocks. */
  int macroblockLimit() {
    return subblockLimit + 4;
  }

  static FilterStrength of(int unboundedLevel, int sharpness) {
    int level = Math.clamp(unboundedLevel, 0, MAX_LEVEL);
    if (level == 0) {
      return OFF;
    }
    int interior = level;
    if (sharpness > 0) {
      interior = Math.min(interior >> (sharpness > 4 ? 2 : 1), 9 - sharpness);
    }
    interior = Math.max(interior, 1);
    int threshold = level >= 40 ? 2 : level >= 15 ? 1 : 0;
    return new FilterStrength(2 * level + interior, interior, threshold);
  }
}
