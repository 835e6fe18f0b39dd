package io.panamba.model.task;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * Gives an answer for an input: the one face of all tasks, so that an application can take any of
 * them, stand in for one in a test, or wrap one by an object or a proxy of its own.
 *
 * <p>A predictor is used by any number of threads at once; those that find it busy wait in the
 * order of arrival. A call computes on the calling thread; a virtual thread keeps its carrier
 * meanwhile. Answers belong to the caller.
 *
 * <p>Everything that a call throws is unchecked. What is wrong with the input, with the numbers
 * that come of it, or with the time that it took to be served is a {@link
 * io.panamba.runtime.PanambaException} of its kind; a call after {@link #close} is an {@link
 * IllegalStateException}. A call that throws leaves the predictor as it was.
 *
 * @param <I> what is given
 * @param <O> what is answered
 */
@FunctionalInterface
public interface Predictor<I, O> extends AutoCloseable {
  /**
   * Answers, and waits as long as others keep it busy.
   *
   * @param input what to answer for; not changed, and not kept
   * @return the answer
   * @throws io.panamba.model.NonFiniteException if a number of it is NaN or infinite
   * @throws io.panamba.model.memory.InferenceInterruptedException if the thread, which stays
   *     interrupted, would have to wait
   * @throws IllegalStateException if this is closed, before or while the thread waits
   */
  default O predict(I input) {
    return predict(input, ChronoUnit.FOREVER.getDuration());
  }

  /**
   * Answers, and waits no longer than told for others.
   *
   * @param input what to answer for; not changed, and not kept
   * @param wait most time until the computing begins; of zero or less, it begins at once or not at
   *     all. How long it takes then is not limited
   * @return the answer
   * @throws io.panamba.model.PoolTimeoutException if it could not begin in that time
   * @throws io.panamba.model.NonFiniteException if a number of it is NaN or infinite
   * @throws io.panamba.model.memory.InferenceInterruptedException if the thread, which stays
   *     interrupted, would have to wait
   * @throws IllegalStateException if this is closed, before or while the thread waits
   */
  O predict(I input, Duration wait);

  /**
   * Does beforehand what the first calls would have to do. Does nothing where there is nothing to
   * do.
   */
  default void warmUp() {}

  /**
   * Frees what this owns, as soon as the calls that compute have ended. What it was made from stays
   * open. A second close does nothing.
   */
  @Override
  default void close() {}
}
