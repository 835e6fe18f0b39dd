package io.panamba.model.vmamba;

/** What a VMamba may have. The second family has the first four, "vanilla" the last three. */
public enum VmambaTrait {
  /** The embedding is two convolutions with a norm each; otherwise one, of whole patches. */
  TWO_CONVOLUTIONS,
  /** Between stages there is a convolution; otherwise patch merging. */
  CONVOLUTIONS_BETWEEN,
  /** Kernels between stages are 3 x 3; otherwise 2 x 2. */
  WIDE_KERNELS_BETWEEN,
  /** Blocks have a perceptron. */
  PERCEPTRON,
  /** The scan's result goes through a gate. */
  GATE,
  /** The depthwise convolution has a bias. */
  CONV_BIAS
}
