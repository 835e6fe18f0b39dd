package io.panamba.tests.kit;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;

/** Comparisons of tensors. */
public final class Numbers {
  private Numbers() {}

  /**
   * Returns the largest difference relative to the largest expected number.
   *
   * @param actual what was computed
   * @param expected as many numbers
   * @return infinite if something is not finite
   */
  public static double relativeError(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < actual.length; i++) {
      if (!Float.isFinite(actual[i])) {
        return Double.POSITIVE_INFINITY;
      }
      difference = Math.max(difference, Math.abs((double) actual[i] - expected[i]));
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    return largest == 0 ? difference : difference / largest;
  }

  /**
   * Asserts that a tensor lies within a bound of the expected numbers, relative to the largest of
   * them.
   *
   * @param name what it is
   * @param actual what was computed
   * @param expected as many numbers
   * @param bound of the relative error
   */
  public static void assertClose(String name, Tensor actual, float[] expected, double bound) {
    assertThat(relativeError(actual.toFloats(), expected))
        .as("relative error of %s", name)
        .isLessThanOrEqualTo(bound);
  }

  /**
   * Asserts that two tensors have the same shape and the same bits.
   *
   * @param name what they are
   * @param actual one
   * @param expected the other
   */
  public static void assertSameBits(String name, Tensor actual, Tensor expected) {
    assertThat(actual.shape()).as("shape of %s", name).isEqualTo(expected.shape());
    assertThat(
            MemorySegment.mismatch(
                actual.segment(),
                0,
                actual.segment().byteSize(),
                expected.segment(),
                0,
                expected.segment().byteSize()))
        .as("first byte of %s that differs", name)
        .isEqualTo(-1);
  }
}
