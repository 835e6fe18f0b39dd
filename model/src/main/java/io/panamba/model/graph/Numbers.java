package io.panamba.model.graph;

import io.panamba.model.weights.Weight;

/** Reads weights of which a graph makes something when it is written. */
@FunctionalInterface
public interface Numbers {
  /**
   * Returns the elements of a weight.
   *
   * @param weight of the form {@link io.panamba.model.weights.Form#NUMBERS}
   * @return the elements, last axis fastest; not to be changed
   */
  float[] of(Weight weight);
}
