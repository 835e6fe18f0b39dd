package io.panamba.model.block;

/**
 * How position embeddings are fitted to another grid of patches: bicubic, a = -0.75, corners not
 * aligned, no antialiasing.
 */
public enum PositionInterpolation {
  /** The class tokens' rows are taken out where they are, the others resampled as a grid. */
  ALIGNED,
  /**
   * As the original repository does: the first rows count as the class tokens', wherever those are.
   * For a class token in the middle this shifts the first half of the grid by one patch; it is here
   * for comparisons with results made that way.
   */
  REPO
}
