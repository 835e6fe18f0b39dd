package io.panamba.model.weights;

import java.util.random.RandomGenerator;

/** How the elements of a weight are drawn before training. */
@FunctionalInterface
public interface Draw {
  /** Zeros. */
  Draw ZEROS = constant(0);

  /** Ones. */
  Draw ONES = constant(1);

  /**
   * Draws an element.
   *
   * @param random where numbers come from; no more are taken than an element needs
   * @param index of the element, last axis fastest
   * @return its value
   */
  double next(RandomGenerator random, long index);

  /**
   * Draws nothing.
   *
   * @param value of every element
   * @return the draw
   */
  static Draw constant(double value) {
    return (_, _) -> value;
  }

  /**
   * Draws from a uniform distribution.
   *
   * @param bound elements are in (-bound, bound)
   * @return the draw
   */
  static Draw uniform(double bound) {
    return (random, _) -> bound * (2 * random.nextDouble() - 1);
  }

  /**
   * Draws from a normal distribution with mean 0, two numbers for each element: the Box-Muller
   * transform.
   *
   * @param deviation the standard deviation
   * @return the draw
   */
  static Draw normal(double deviation) {
    return (random, _) -> {
      double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
      return deviation * (radius * StrictMath.cos(2 * Math.PI * random.nextDouble()));
    };
  }

  /**
   * Draws the bias of a scan's steps: steps are even in their logarithm between 0.001 and 0.1
   * (Mamba, arXiv 2312.00752, section 3.6), and this is what softplus makes them of.
   *
   * @return the draw
   */
  static Draw steps() {
    double low = StrictMath.log(0.001);
    double high = StrictMath.log(0.1);
    return (random, _) -> {
      double step = Math.max(StrictMath.exp(low + random.nextDouble() * (high - low)), 1e-4);
      return step + StrictMath.log(-StrictMath.expm1(-step));
    };
  }

  /**
   * Draws nothing: A_log, of which row by row the n-th is log n (S4D-real; Mamba, arXiv 2312.00752,
   * section 3.6).
   *
   * @param states of a row
   * @return the draw
   */
  static Draw logarithms(int states) {
    return (_, index) -> StrictMath.log(1.0 + index % states);
  }
}
