package io.panamba.model.weights;

import io.panamba.model.weights.Weight.Learning;
import io.panamba.runtime.Shape;
import java.util.ArrayList;
import java.util.List;

/** The weights of a network as they are declared, in the order of the state dict. */
public final class WeightList {
  private final List<Weight> weights = new ArrayList<>();

  /** Starts with none. */
  public WeightList() {}

  /**
   * Declares a weight.
   *
   * @param key in the published state dict
   * @param form in which an inference takes it
   * @param learning what training does with it
   * @param draw how it is drawn before training
   * @param shape under that key
   * @return the weight
   */
  public Weight declare(String key, Form form, Learning learning, Draw draw, long... shape) {
    Weight weight = new Weight(key, Shape.of(shape), form, learning, draw);
    weights.add(weight);
    return weight;
  }

  /**
   * Lists what was declared.
   *
   * @return the weights in their order
   */
  public List<Weight> toList() {
    return List.copyOf(weights);
  }
}
