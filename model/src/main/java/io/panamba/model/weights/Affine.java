package io.panamba.model.weights;

/**
 * The parameters of a layer or a norm: what it multiplies by, and what it adds.
 *
 * @param weight of the layer
 * @param bias null if there is none
 */
public record Affine(Weight weight, Weight bias) {
  /**
   * Parameters of a layer that adds nothing.
   *
   * @param weight of the layer
   * @return the parameters
   */
  public static Affine unbiased(Weight weight) {
    return new Affine(weight, null);
  }
}
