package io.panamba.model.vmamba;

/** What a VMamba may have. */
public enum VmambaTrait {
  /**
   * The embedding is two convolutions with a norm each (second family); otherwise one, of whole
   * patches ("vanilla").
   */
  TWO_CONVOLUTIONS,
  /** Between stages there is a convolution (second family); otherwise patch merging ("vanilla"). */
  CONVOLUTIONS_BETWEEN,
  /** Kernels between stages are 3 x 3; otherwise 2 x 2. */
  WIDE_KERNELS_BETWEEN,
  /** Blocks have a perceptron (second family). */
  PERCEPTRON,
  /** The scan's result goes through a gate ("vanilla", and the option gate). */
  GATE,
  /** The depthwise convolution has a bias ("vanilla"). */
  CONV_BIAS
}
