package io.panamba.runtime.oracle;

import io.panamba.runtime.DType;
import io.panamba.runtime.operation.Linear;

/**
 * Expected numbers in double precision. Beside each stands its magnitude, the sum of the absolute
 * values of the terms that make it up: what its rounding error is measured by, however much the
 * terms cancel.
 */
public final class Values {
  private final double[] values;
  private final double[] magnitudes;

  /**
   * Creates zeros.
   *
   * @param count how many
   */
  public Values(int count) {
    values = new double[count];
    magnitudes = new double[count];
  }

  /**
   * Returns how many numbers there are.
   *
   * @return at least 0
   */
  public int count() {
    return values.length;
  }

  /**
   * Returns a number.
   *
   * @param i from 0
   * @return its value
   */
  public double value(int i) {
    return values[i];
  }

  /**
   * Returns the magnitude of a number.
   *
   * @param i from 0
   * @return at least 0
   */
  public double magnitude(int i) {
    return magnitudes[i];
  }

  /**
   * Replaces a number.
   *
   * @param i from 0
   * @param value its value
   * @param magnitude its magnitude
   */
  public void set(int i, double value, double magnitude) {
    values[i] = value;
    magnitudes[i] = magnitude;
  }

  /**
   * Adds a term.
   *
   * @param i from 0
   * @param term what is added to the value
   */
  public void add(int i, double term) {
    add(i, term, term);
  }

  /**
   * Adds a term that is itself a sum.
   *
   * @param i from 0
   * @param term what is added to the value
   * @param magnitude the term's, of either sign
   */
  public void add(int i, double term, double magnitude) {
    values[i] += term;
    magnitudes[i] += Math.abs(magnitude);
  }

  /**
   * Passes every number through an activation. Slopes are 1.13 at most, by which a sum's error may
   * grow. The magnitude is that of bounds of at least 2^-23: so much more, times the bound, is what
   * the activation itself may be off, 3e-7 of SiLU, 6e-7 + v^2 * 2^-24 of GELU.
   *
   * @param activation which
   */
  void activate(Linear.Activation activation) {
    for (int i = 0; i < values.length; i++) {
      double v = values[i];
      switch (activation) {
        case NONE -> {}
        case SILU -> {
          values[i] = ScalarFunctions.silu(v);
          magnitudes[i] = 1.13 * magnitudes[i] + 3 * Math.abs(values[i]);
        }
        case RELU -> values[i] = v < 0 ? 0 : v;
        case GELU -> {
          values[i] = v * ScalarFunctions.normalDistribution(v);
          magnitudes[i] = 1.13 * magnitudes[i] + (6 + v * v / 2) * Math.abs(values[i]);
        }
      }
    }
  }

  /**
   * Throws unless every number is within a bound, times its magnitude.
   *
   * @param actual what was computed
   * @param bound of the error, relative to the magnitude
   * @param what the numbers are, for the message
   */
  public void assertClose(float[] actual, double bound, String what) {
    assertClose(actual, DType.F32, bound, what);
  }

  /**
   * Throws unless every number is what one within a bound, times its magnitude, rounds to.
   *
   * @param actual what was computed
   * @param dtype of the result, float32 or bfloat16
   * @param bound of the error before a rounding to bfloat16, relative to the magnitude
   * @param what the numbers are, for the message
   */
  public void assertClose(float[] actual, DType dtype, double bound, String what) {
    if (actual.length != values.length) {
      throw new AssertionError(
          "%s: %d elements; expected %d".formatted(what, actual.length, values.length));
    }
    for (int i = 0; i < actual.length; i++) {
      double allowed = bound * magnitudes[i] + Float.MIN_NORMAL;
      double error = Math.abs(actual[i] - values[i]);
      boolean close =
          dtype == DType.BF16
              ? actual[i] >= Floats.toBfloat((float) (values[i] - allowed))
                  && actual[i] <= Floats.toBfloat((float) (values[i] + allowed))
              : error <= allowed;
      if (!close) {
        throw new AssertionError(
            "%s: element %d is %s; expected %s with an error of %.2e of %s at most, not %.2e"
                .formatted(
                    what, i, actual[i], values[i], bound, magnitudes[i], error / magnitudes[i]));
      }
    }
  }
}
