package io.panamba.cli;

import java.util.Arrays;

/** The durations of equal runs. */
final class Timings {
  private final long[] sorted;
  private final long total;

  /**
   * Sorts durations.
   *
   * @param nanos durations, at least one
   */
  Timings(long[] nanos) {
    this(nanos, 0, nanos.length);
  }

  /**
   * Sorts some of an array's durations.
   *
   * @param nanos durations
   * @param from the first that is used
   * @param to behind the last, beyond {@code from}
   */
  Timings(long[] nanos, int from, int to) {
    sorted = Arrays.copyOfRange(nanos, from, to);
    Arrays.sort(sorted);
    total = Arrays.stream(sorted).sum();
  }

  int count() {
    return sorted.length;
  }

  double totalSeconds() {
    return total / 1e9;
  }

  double medianMillis() {
    return median(Arrays.stream(sorted).asDoubleStream().toArray()) / 1e6;
  }

  /** Returns the value in the middle, or the mean of the two that are. */
  static double median(double[] values) {
    double[] ascending = values.clone();
    Arrays.sort(ascending);
    int middle = ascending.length / 2;
    return ascending.length % 2 == 1
        ? ascending[middle]
        : (ascending[middle - 1] + ascending[middle]) / 2;
  }

  /** Returns the smallest duration that this part of the runs did not exceed. */
  double percentileMillis(double part) {
    int rank = (int) Math.ceil(part * sorted.length);
    return sorted[Math.max(1, rank) - 1] / 1e6;
  }
}
