package io.panamba.cli;

import com.sun.management.ThreadMXBean;
import io.panamba.model.Inference;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** Runs an inference over and over. */
final class Stopwatch {
  /** Odd, so that one of them is the median. */
  private static final int ROUNDS = 11;

  private static final int MIN_RUNS = 1;
  private static final int MAX_RUNS = 100_000;
  private static final double WARM_UP_PART = 0.25;

  /**
   * What was measured.
   *
   * @param warmUps runs before that, not measured
   * @param timings of all runs
   * @param rounds of the runs of each round
   * @param allocatedBytes on the heap by the running thread, per run of the second half: in the
   *     first the compiler may yet throw code away and rebuild what it had optimised out
   */
  record Measurement(int warmUps, Timings timings, List<Timings> rounds, double allocatedBytes) {}

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final long[] nanos = new long[ROUNDS * MAX_RUNS];
  private final Inference inference;

  Stopwatch(Inference inference) {
    this.inference = inference;
  }

  /**
   * Measures rounds of runs after a warm-up.
   *
   * @param seconds that the runs last together, at least; a quarter of it warms up
   * @param between is done after each round
   */
  Measurement measure(double seconds, Runnable between) {
    inference.warmUp();
    int warmUps = loop(0, (long) (seconds * WARM_UP_PART * 1e9));
    long duration = (long) (seconds / ROUNDS * 1e9);
    List<Timings> rounds = new ArrayList<>();
    long allocated = 0;
    int counted = 0;
    int runs = 0;
    for (int round = 0; round < ROUNDS; round++) {
      int from = runs;
      long before = threads.getCurrentThreadAllocatedBytes();
      runs = loop(from, duration);
      if (round >= ROUNDS / 2) {
        allocated += threads.getCurrentThreadAllocatedBytes() - before;
        counted += runs - from;
      }
      rounds.add(new Timings(nanos, from, runs));
      between.run();
    }
    return new Measurement(
        warmUps, new Timings(nanos, 0, runs), rounds, (double) allocated / counted);
  }

  /** Allocates nothing itself: what is counted is the inference's. */
  private int loop(int from, long duration) {
    long start = System.nanoTime();
    long last = start;
    int runs = from;
    while (runs - from < MIN_RUNS || (runs - from < MAX_RUNS && last - start < duration)) {
      inference.run();
      long now = System.nanoTime();
      nanos[runs++] = now - last;
      last = now;
    }
    return runs;
  }
}
