package io.panamba.model.deit;

import io.panamba.model.block.Resampling;

/** Whose rule fits a position embedding to other grids. */
public enum DeitInterpolation {
  /** The authors' and transformers'. */
  REPO(Resampling.CLAMPED_CUBIC),
  /** That of timm. */
  TIMM(Resampling.ANTIALIASED_CUBIC);

  private final Resampling resampling;

  DeitInterpolation(Resampling resampling) {
    this.resampling = resampling;
  }

  Resampling resampling() {
    return resampling;
  }
}
