package io.panamba.model.weights;

import io.panamba.model.weights.Weight.Learning;
import io.panamba.runtime.Shape;
import java.util.ArrayList;
import java.util.List;

/** The weights of a network as they are declared, in the order of the state dict. */
public final class WeightList {
  private final List<Weight> weights = new ArrayList<>();
  private final String prefix;

  /** Starts with none. */
  public WeightList() {
    this("");
  }

  /**
   * Starts with none.
   *
   * @param prefix of the keys of all, such as {@code backbone.}
   */
  public WeightList(String prefix) {
    this.prefix = prefix;
  }

  /**
   * Tells the whole key of a weight that another one's form names.
   *
   * @param key without the prefix
   * @return the key with it
   */
  public String whole(String key) {
    return prefix + key;
  }

  /**
   * Declares a weight.
   *
   * @param key in the published state dict, without the prefix
   * @param form in which an inference takes it
   * @param learning what training does with it
   * @param draw how it is drawn before training
   * @param shape under that key
   * @return the weight
   */
  public Weight declare(String key, Form form, Learning learning, Draw draw, long... shape) {
    Weight weight = new Weight(whole(key), Shape.of(shape), form, learning, draw);
    weights.add(weight);
    return weight;
  }

  /**
   * Declares a layer whose bias is zero at birth and does not decay.
   *
   * @param key of the layer: its parameters are {@code weight} and {@code bias} below it
   * @param weight the form of its weight
   * @param bias that of its bias, or null without one
   * @param draw how the weight is drawn before training
   * @param shape of the weight, outputs first
   * @return its parameters
   */
  public Affine layer(String key, Form weight, Form bias, Draw draw, long... shape) {
    return new Affine(
        declare(key + ".weight", weight, Learning.DECAYS, draw, shape),
        bias == null ? null : declare(key + ".bias", bias, Learning.PLAIN, Draw.ZEROS, shape[0]));
  }

  /**
   * Declares a layer norm, which does nothing at birth and does not decay.
   *
   * @param key of the norm: its parameters are {@code weight} and {@code bias} below it
   * @param dim what it normalises over
   * @return its parameters
   */
  public Affine norm(String key, long dim) {
    return new Affine(
        declare(key + ".weight", Form.PLAIN, Learning.PLAIN, Draw.ONES, dim),
        declare(key + ".bias", Form.PLAIN, Learning.PLAIN, Draw.ZEROS, dim));
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
