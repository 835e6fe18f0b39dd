package io.panamba.model;

/**
 * Is told how long callers wait for an inference of a pool, and how long they have it. It is called
 * by the caller's own thread, many at once, and has to be quick. It must not throw: what it throws
 * reaches the caller, though the inference is given back. A pool without a listener looks at no
 * clock.
 */
public interface PoolListener {
  /** How a wait ended. */
  enum Outcome {
    /** With an inference, at once or after a while. */
    LENT,
    /** With a {@link PoolTimeoutException}. */
    TIMED_OUT,
    /** With an {@link io.panamba.model.memory.InferenceInterruptedException}. */
    INTERRUPTED,
    /** By the end of the pool. */
    CLOSED
  }

  /**
   * A caller's wait has ended.
   *
   * @param outcome how
   * @param nanos how long it was, in nanoseconds; near 0 if there was an inference
   */
  void waited(Outcome outcome, long nanos);

  /**
   * A caller has given its inference back, whether its use succeeded or threw.
   *
   * @param nanos how long it was lent, in nanoseconds: preparation, runs, reading, and the plan if
   *     it was the inference's first use
   */
  void used(long nanos);
}
