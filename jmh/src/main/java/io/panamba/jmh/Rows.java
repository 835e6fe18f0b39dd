package io.panamba.jmh;

import java.util.stream.IntStream;

/** The rows whose results a benchmark checks, where all of them would take long. */
final class Rows {
  private Rows() {}

  /** So many rows at most, evenly from the first to the last. */
  static int[] some(int length, int most) {
    int count = Math.min(length, most);
    return IntStream.range(0, count).map(i -> i * (length - 1) / Math.max(1, count - 1)).toArray();
  }
}
