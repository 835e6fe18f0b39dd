package io.panamba.model.mambaout;

import io.panamba.runtime.operation.Linear;

/** What the gates of blocks and the stem go through. The head has GELU always. */
public enum MambaOutActivation {
  /**
   * SiLU where there is a layer scale, the gate is three times as wide as the block and the
   * convolution is not 1.25 times as wide; GELU elsewhere: so it is in every published model.
   */
  AUTO,
  /** {@code v Phi(v)}. */
  GELU,
  /** {@code v / (1 + e^-v)}. */
  SILU;

  Linear.Activation operation() {
    return this == SILU ? Linear.Activation.SILU : Linear.Activation.GELU;
  }
}
