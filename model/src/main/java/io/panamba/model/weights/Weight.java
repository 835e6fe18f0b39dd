package io.panamba.model.weights;

import io.panamba.runtime.Shape;
import java.util.Objects;

/**
 * A tensor of a network. This is the only place where its key and its shape stand.
 *
 * @param key in the published state dict
 * @param shape under that key
 * @param form in which an inference takes it
 * @param learning what training does with it
 * @param draw how it is drawn before training
 */
public record Weight(String key, Shape shape, Form form, Learning learning, Draw draw) {
  /** What training does with a weight. */
  public enum Learning {
    /** It learns, and weight decay applies. */
    DECAYS,
    /** It learns without weight decay. */
    PLAIN,
    /** It is a constant that is stored beside the parameters. */
    NONE
  }

  /** Checks that all is there. */
  public Weight {
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(shape, "shape");
    Objects.requireNonNull(form, "form");
    Objects.requireNonNull(learning, "learning");
    Objects.requireNonNull(draw, "draw");
  }

  /**
   * Returns the shape in which training keeps it.
   *
   * @return (k, n) of a transposed (n, ..., k), otherwise the published shape
   */
  public Shape kept() {
    return isTransposed() ? Shape.of(shape.size(-1), shape.size(0)) : shape;
  }

  /**
   * Tells whether training and inference take the transpose.
   *
   * @return whether the form is {@link Form.Transposed}
   */
  public boolean isTransposed() {
    return form instanceof Form.Transposed;
  }

  /**
   * Returns the number of elements.
   *
   * @return the product of the axes
   */
  public long elements() {
    return shape.elements();
  }

  @Override
  public String toString() {
    return key + shape;
  }
}
