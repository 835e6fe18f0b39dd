package io.panamba.model.graph;

import io.panamba.runtime.Shape;

/**
 * Memory that an algorithm needs while it runs.
 *
 * @param exact whether it is float32 in every precision
 * @param shape of the tensor
 */
public record Scratch(boolean exact, Shape shape) {
  /**
   * Scratch in the network's precision.
   *
   * @param sizes of its axes
   * @return the scratch
   */
  public static Scratch of(long... sizes) {
    return new Scratch(false, Shape.of(sizes));
  }

  /**
   * Scratch in float32.
   *
   * @param sizes of its axes
   * @return the scratch
   */
  public static Scratch exact(long... sizes) {
    return new Scratch(true, Shape.of(sizes));
  }
}
