package io.panamba.tests.memory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Expected numbers in double precision. Beside each stands its magnitude, the sum of the absolute
 * values of the terms that make it up: what its rounding error is measured by, however much the
 * terms cancel.
 */
final class Values {
  private final double[] values;
  private final double[] magnitudes;

  Values(int count) {
    values = new double[count];
    magnitudes = new double[count];
  }

  int count() {
    return values.length;
  }

  double value(int i) {
    return values[i];
  }

  double magnitude(int i) {
    return magnitudes[i];
  }

  void set(int i, double value, double magnitude) {
    values[i] = value;
    magnitudes[i] = magnitude;
  }

  /** Adds a term. */
  void add(int i, double term) {
    add(i, term, term);
  }

  /** Adds a term that is itself a sum. */
  void add(int i, double term, double magnitude) {
    values[i] += term;
    magnitudes[i] += Math.abs(magnitude);
  }

  /** Asserts that every number is within the bound, times its magnitude. */
  void assertClose(float[] actual, double bound, String what) {
    assertThat(actual).as(what).hasSize(values.length);
    for (int i = 0; i < actual.length; i++) {
      double error = Math.abs(actual[i] - values[i]);
      if (!(error <= bound * magnitudes[i] + Float.MIN_NORMAL)) {
        throw new AssertionError(
            "%s: element %d is %s; expected %s with an error of %.2e of %s at most, not %.2e"
                .formatted(
                    what, i, actual[i], values[i], bound, magnitudes[i], error / magnitudes[i]));
      }
    }
  }
}
