package io.panamba.model;

import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A result that is NaN or infinite: of a network, or of its training. */
public final class NonFiniteException extends PanambaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message which result, and what may have led to it
   */
  public NonFiniteException(String message) {
    super(message);
  }

  /**
   * Checks the results of a network.
   *
   * @param name of the tensor, for the message
   * @param results F32
   * @throws NonFiniteException if a number is NaN or infinite
   */
  public static void checkResults(String name, Tensor results) {
    check(name, results, "the weights, the options or the input are wrong");
  }

  /**
   * Checks a tensor.
   *
   * @param name of the tensor, for the message
   * @param tensor F32
   * @param advice the end of the message
   * @throws NonFiniteException if a number is NaN or infinite
   */
  public static void check(String name, Tensor tensor, String advice) {
    MemorySegment numbers = tensor.segment();
    long count = tensor.shape().elements();
    for (long i = 0; i < count; i++) {
      float number = numbers.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      if (!Float.isFinite(number)) {
        throw new NonFiniteException(
            "%s: number %s of %s is %s; %s".formatted(name, i, count, number, advice));
      }
    }
  }
}
