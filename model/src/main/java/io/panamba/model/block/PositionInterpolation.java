package io.panamba.model.block;

/**
 * Which rows of a Vim's position embedding count as the class tokens' when it is fitted to another
 * grid of patches. The others are resampled by {@link Resampling#CLAMPED_CUBIC}.
 */
public enum PositionInterpolation {
  /** The class tokens' rows are taken out where they are, the others resampled as a grid. */
  ALIGNED,
  /**
   * As the original repository does: the first rows count as the class tokens', wherever those are.
   * For a class token in the middle this shifts the first half of the grid by one patch; it is here
   * for comparisons with results made that way.
   */
  REPO;

  /**
   * Returns the places of the rows that count as the class tokens'.
   *
   * @param classToken where the class tokens stand
   * @param patches of the sequence
   * @return indices, ascending
   */
  public long[] places(ClassToken classToken, long patches) {
    long[] places = classToken.places(patches);
    if (this == REPO) {
      for (int i = 0; i < places.length; i++) {
        places[i] = i;
      }
    }
    return places;
  }
}
