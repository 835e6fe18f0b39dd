package io.panamba.model.block;

/** Where class tokens stand in the sequence ({@code vim/models_mamba.py}). */
public enum ClassToken {
  /** One, in the middle: index floor(patches / 2). The published models. */
  MIDDLE,
  /** One, before the first patch. */
  HEAD,
  /** Two, before the first and after the last patch; their features are averaged. */
  DOUBLE,
  /** None; features are pooled over the patches. */
  NONE;

  /**
   * Returns how many there are.
   *
   * @return 0 to 2
   */
  public int count() {
    return switch (this) {
      case NONE -> 0;
      case MIDDLE, HEAD -> 1;
      case DOUBLE -> 2;
    };
  }

  /**
   * Returns their places in a sequence.
   *
   * @param patches of the sequence
   * @return indices, ascending
   */
  public long[] places(long patches) {
    return switch (this) {
      case NONE -> new long[0];
      case HEAD -> new long[] {0};
      case MIDDLE -> new long[] {patches / 2};
      case DOUBLE -> new long[] {0, patches + 1};
    };
  }
}
