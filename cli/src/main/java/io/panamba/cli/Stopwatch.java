package io.panamba.cli;

import com.sun.management.ThreadMXBean;
import io.panamba.model.Inference;
import java.lang.management.ManagementFactory;

/** Runs an inference over and over. */
final class Stopwatch {
  private static final int MIN_RUNS = 3;
  private static final int MAX_RUNS = 1_000_000;
  private static final double WARM_UP_PART = 0.25;

  /**
   * What was measured.
   *
   * @param warmUps runs before that, not measured
   * @param timings of the runs
   * @param allocatedBytes on the heap by the running thread, per run of the second half: in the
   *     first the compiler may yet throw code away and rebuild what it had optimised out
   */
  record Measurement(int warmUps, Timings timings, double allocatedBytes) {}

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final Inference inference;

  Stopwatch(Inference inference) {
    this.inference = inference;
  }

  /**
   * Measures runs after a warm-up.
   *
   * @param seconds that the runs last together, at least; a quarter of it warms up
   */
  Measurement measure(double seconds) {
    long[] nanos = new long[MAX_RUNS];
    inference.warmUp();
    int warmUps = loop(nanos, 0, (long) (seconds * WARM_UP_PART * 1e9));
    long duration = (long) (seconds / 2 * 1e9);
    int half = loop(nanos, 0, duration);
    long before = threads.getCurrentThreadAllocatedBytes();
    int runs = loop(nanos, half, duration);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    return new Measurement(warmUps, new Timings(nanos, runs), (double) allocated / (runs - half));
  }

  /** Allocates nothing itself: what is counted is the inference's. */
  private int loop(long[] nanos, int from, long duration) {
    long start = System.nanoTime();
    long last = start;
    int runs = from;
    while (runs - from < MIN_RUNS || (runs - from < MAX_RUNS / 2 && last - start < duration)) {
      inference.run();
      long now = System.nanoTime();
      nanos[runs++] = now - last;
      last = now;
    }
    return runs;
  }
}
