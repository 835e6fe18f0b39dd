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
   * @return (k, n) of a transposed (n, ...) of k elements each, (matrices, k, n) of several, (taps,
   *     inputs, outputs) of a convolution's taps, otherwise the published shape
   */
  public Shape kept() {
    return switch (form) {
      case Form.Transposed transposed -> transposed(transposed.matrices());
      case Form.Taps _, Form.SplitTaps _ -> Shape.of(taps(), shape.size(1), shape.size(0));
      default -> shape;
    };
  }

  private Shape transposed(long matrices) {
    if (matrices == 1) {
      return Shape.of(elements() / shape.size(0), shape.size(0));
    }
    return Shape.of(matrices, shape.size(-1), elements() / shape.size(-1) / matrices);
  }

  /**
   * Counts the outputs of a linear layer.
   *
   * @return the first axis, or all but the last of matrices that lie one behind the other
   */
  public long outputs() {
    return form instanceof Form.Stacked ? elements() / shape.size(-1) : shape.size(0);
  }

  private long taps() {
    return elements() / shape.size(0) / shape.size(1);
  }

  /**
   * Returns the published axes whose order {@link #kept} reverses.
   *
   * @return the number of pieces that are reversed, and three sizes of each; all but the last are 1
   *     if it is kept as it is published
   */
  long[] axes() {
    return switch (form) {
      case Form.Transposed(_, int matrices) -> {
        Shape kept = kept();
        yield new long[] {matrices, kept.size(-1), 1, kept.size(-2)};
      }
      case Form.Taps _, Form.SplitTaps _ -> new long[] {1, shape.size(0), shape.size(1), taps()};
      default -> new long[] {1, 1, 1, elements()};
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
