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
   * @return (k, n) of a transposed (n, ...) of k elements each, (taps, inputs, outputs) of a
   *     convolution's taps, otherwise the published shape
   */
  public Shape kept() {
    return switch (form) {
      case Form.Transposed _ -> Shape.of(elements() / shape.size(0), shape.size(0));
      case Form.Taps _ -> Shape.of(taps(), shape.size(1), shape.size(0));
      default -> shape;
    };
  }

  private long taps() {
    return elements() / shape.size(0) / shape.size(1);
  }

  /**
   * Returns the published axes whose order {@link #kept} reverses.
   *
   * @return three sizes; one of (1, 1, elements) if it is kept as it is published
   */
  long[] axes() {
    return switch (form) {
      case Form.Transposed _ -> new long[] {shape.size(0), 1, elements() / shape.size(0)};
      case Form.Taps _ -> new long[] {shape.size(0), shape.size(1), taps()};
      default -> new long[] {1, 1, elements()};
    };
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
