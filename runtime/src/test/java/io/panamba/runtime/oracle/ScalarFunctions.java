package io.panamba.runtime.oracle;

/** Functions of one number. */
public final class ScalarFunctions {
  private ScalarFunctions() {}

  /**
   * The logistic function.
   *
   * @param v any number
   * @return 1 / (1 + e^-v)
   */
  public static double sigmoid(double v) {
    return 1 / (1 + Math.exp(-v));
  }

  /**
   * SiLU.
   *
   * @param v any number
   * @return v / (1 + e^-v)
   */
  public static double silu(double v) {
    return v / (1 + Math.exp(-v));
  }

  /**
   * Softplus.
   *
   * @param v any number
   * @return log(1 + e^v)
   */
  public static double softplus(double v) {
    return v > 20 ? v : Math.log1p(Math.exp(v));
  }

  /**
   * The density of the normal law.
   *
   * @param v any number
   * @return e^(-v^2 / 2) / sqrt(2 pi)
   */
  public static double normalDensity(double v) {
    return Math.exp(-v * v / 2) / Math.sqrt(2 * Math.PI);
  }

  /**
   * The distribution of the normal law: a series near 0, a continued fraction in the tails.
   *
   * @param v any number
   * @return from 0 to 1
   */
  public static double normalDistribution(double v) {
    double y = Math.abs(v);
    double tail;
    if (y < 3) {
      double term = y;
      double sum = y;
      for (int i = 3; term > 1e-18; i += 2) {
        term *= y * y / i;
        sum += term;
      }
      tail = 0.5 - normalDensity(y) * sum;
    } else {
      double fraction = y;
      for (int i = 60; i >= 1; i--) {
        fraction = y + i / fraction;
      }
      tail = normalDensity(y) / fraction;
    }
    return v < 0 ? tail : 1 - tail;
  }
}
