package io.panamba.model;

/** What lends inferences of a pool, so that their use can be watched. */
public interface Pooled {
  /**
   * Counts inferences and callers. Nobody who borrows an inference that is planned waits for it. It
   * may be called at any time, after a close too.
   *
   * @return the counts of this moment
   */
  PoolCounts counts();

  /**
   * Adds a listener, for as long as the pool lives. Uses that have begun are not told to it.
   *
   * @param listener is told of waits and uses from now on, after those that were added before
   */
  void addListener(PoolListener listener);
}
