package io.panamba.model.architecture;

import io.panamba.runtime.DType;

/** What a network's weights and activations are kept in. Sums, scan states and dt are float32. */
public enum Precision {
  /** IEEE binary32 throughout. */
  FP32(DType.F32),
  /**
   * Weights of products and the activations between them in bfloat16, rounded to nearest even; the
   * residual stream, norms, the head and everything inside the scan in float32.
   */
  BF16(DType.BF16);

  private final DType dtype;

  Precision(DType dtype) {
    this.dtype = dtype;
  }

  /**
   * Returns the type of packed weights and of activations between operations.
   *
   * @return the element type
   */
  public DType dtype() {
    return dtype;
  }
}
