package io.panamba.tests.kit;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What the calling thread allocates on the heap. */
public final class Allocation {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 20;

  private Allocation() {}

  /**
   * Measures an action that is repeated. A virtual machine that compiles an action, or gives up a
   * compilation, allocates on the action's thread now and then: the best of several rounds is the
   * action's own.
   *
   * @param times how often the action is repeated in a round
   * @param action what to measure
   * @return bytes of the best round
   */
  public static long of(int times, Runnable action) {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS && best > 0; round++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < times; i++) {
        action.run();
      }
      best = Math.min(best, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
    return best;
  }
}
