package io.panamba.cli;

import java.util.Arrays;

/** The durations of equal runs. */
final class Timings {
  private final long[] sorted;
  private final long total;

  /**
   * Sorts durations.
   *
   * @param nanos durations
   * @param count how many of them are used, at least 1
   */
  Timings(long[] nanos, int count) {
    sorted = Arrays.copyOf(nanos, count);
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
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1
        ? sorted[middle] / 1e6
        : (sorted[middle - 1] + sorted[middle]) / 2e6;
  }

  /** Returns the smallest duration that this part of the runs did not exceed. */
  double percentileMillis(double part) {
    int rank = (int) Math.ceil(part * sorted.length);
    return sorted[Math.max(1, rank) - 1] / 1e6;
  }
}
