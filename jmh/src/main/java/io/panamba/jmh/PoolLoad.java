package io.panamba.jmh;

import com.sun.management.ThreadMXBean;
import io.panamba.model.Architectures;
import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.HdrHistogram.Histogram;

/**
 * Pools under load, each in a process of its own. {@code overload}: ten callers for each inference,
 * who ask again as soon as they are served or refused, and wait four times as long as an inference
 * takes. {@code threads}: sixteen callers, who wait for any time, on platform threads, on virtual
 * threads, and on virtual threads that hand over to as many platform threads as there are
 * inferences, with two carriers; meanwhile another virtual thread sleeps for a millisecond again
 * and again, and tells how long others have to do without a carrier.
 */
public final class PoolLoad {
  private static final int CALLERS = 16;
  private static final int CARRIERS = 2;

  /** Of all rows, so that what else the machine does meets all of them. */
  private static final int ROUNDS = 2;

  private static final String DIGITS = "digits";
  private static final String TINY = "vim-tiny";

  /** What calls the pool. */
  private enum Kind {
    PLATFORM,
    VIRTUAL,
    HAND_OVER
  }

  private PoolLoad() {}

  /**
   * Measures and writes a file of results.
   *
   * @param args {@code overload} or {@code threads}, seconds for each row, the file
   * @throws Exception if a process fails
   */
  public static void main(String[] args) throws Exception {
    List<String> rows = new ArrayList<>();
    for (String network : List.of(DIGITS, TINY)) {
      if (args[0].equals("overload")) {
        rows.add(row(network, 2, Kind.PLATFORM, 20, true, args[1]));
      } else {
        for (int round = 0; round < ROUNDS; round++) {
          for (int pool = 1; pool <= CARRIERS; pool++) {
            for (Kind kind : Kind.values()) {
              rows.add(row(network, pool, kind, CALLERS, false, args[1]));
            }
          }
        }
      }
    }
    Provenance.write(Path.of(args[2]), PoolLoad.class, args, args[0], rows);
  }

  private static String row(
      String network, int pool, Kind kind, int callers, boolean bounded, String seconds)
      throws IOException, InterruptedException {
    String row =
        "  {\"network\": \"%s\", \"pool\": %d, \"callers\": %d, \"kind\": \"%s\", \"carriers\": %d, %s}"
            .formatted(
                network,
                pool,
                callers,
                kind.name().toLowerCase(Locale.ROOT),
                CARRIERS,
                ChildJvm.run(
                    List.of("-Xmx1g", "-Djdk.virtualThreadScheduler.parallelism=" + CARRIERS),
                    Child.class,
                    network,
                    pool,
                    kind,
                    callers,
                    bounded,
                    seconds));
    System.out.println(row);
    return row;
  }

  private static Void run(Inference inference) {
    inference.run();
    return null;
  }

  private static Histogram histogram() {
    return new Histogram(TimeUnit.MINUTES.toNanos(5), 3);
  }

  /** One pool. */
  static final class Child {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Function<Inference, Void> RUN = PoolLoad::run;
    private static final int WARM_UP_SECONDS = 3;

    private final InferencePool pool;
    private final Kind kind;
    private final Duration wait;
    private final ExecutorService workers;
    private final AtomicBoolean measured = new AtomicBoolean();
    private final AtomicBoolean done = new AtomicBoolean();

    private Child(InferencePool pool, Kind kind, Duration wait, int size) {
      this.pool = pool;
      this.kind = kind;
      this.wait = wait;
      this.workers = Executors.newFixedThreadPool(size, Thread.ofPlatform().daemon().factory());
    }

    public static void main(String[] args) throws Exception {
      int size = Integer.parseInt(args[1]);
      Kind kind = Kind.valueOf(args[2]);
      int callers = Integer.parseInt(args[3]);
      boolean bounded = Boolean.parseBoolean(args[4]);
      long seconds = Long.parseLong(args[5]);
      try (Device device = Device.cpu(1);
          Network network = network(args[0], device);
          InferencePool pool =
              new InferencePool(network, InferenceOptions.logits(1, network.config()), size)) {
        pool.warmUp();
        long run = pool.withInference(Child::median);
        Duration wait = bounded ? Duration.ofNanos(4 * run) : ChronoUnit.FOREVER.getDuration();
        new Child(pool, kind, wait, size).measure(callers, seconds, run, bounded);
      }
    }

    private static Network network(String name, Device device) {
      if (name.equals(DIGITS)) {
        return Network.openDefault(device, Settings.none());
      }
      try (Arena arena = Arena.ofShared();
          Checkpoint checkpoint =
              Checkpoint.of(Architectures.preset(name).draw(Settings.none(), 1, arena))) {
        return Network.load(checkpoint, device, Settings.none());
      }
    }

    private static long median(Inference inference) {
      Histogram runs = histogram();
      for (int i = 0; i < 100; i++) {
        long start = System.nanoTime();
        inference.run();
        runs.recordValue(System.nanoTime() - start);
      }
      return runs.getValueAtPercentile(50);
    }

    private void measure(int number, long seconds, long run, boolean bounded) throws Exception {
      List<Caller> callers = new ArrayList<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < number; i++) {
        Caller caller = new Caller();
        callers.add(caller);
        threads.add(start(caller));
      }
      Sleeper sleeper = new Sleeper();
      threads.add(Thread.ofVirtual().start(sleeper));
      Watcher watcher = new Watcher();
      Thread watching = Thread.ofPlatform().start(watcher);
      Thread.sleep(Duration.ofSeconds(WARM_UP_SECONDS));
      measured.set(true);
      Thread.sleep(Duration.ofSeconds(seconds));
      done.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
      watching.join();
      workers.shutdown();

      Histogram served = histogram();
      Histogram late = histogram();
      long allServed = 0;
      long allRefused = 0;
      long bytes = 0;
      long others = 0;
      for (Caller caller : callers) {
        served.add(caller.served);
        late.add(caller.late);
        allServed += caller.allServed;
        allRefused += caller.allRefused;
        bytes += caller.bytes;
        others += caller.others;
      }
      PoolCounts counts = pool.counts();
      // The run times before the measurement are one more use.
      boolean exact =
          counts.equals(
              new PoolCounts(counts.size(), 0, counts.size(), 0, allServed + 1, allRefused));
      StringBuilder row = new StringBuilder();
      number(row, "run_ms", run * 1e-6);
      row.append("\"seconds\": %d, \"served\": %d, ".formatted(seconds, served.getTotalCount()));
      number(row, "served_per_second", (double) served.getTotalCount() / seconds);
      percentiles(row, "served", served);
      if (bounded) {
        number(row, "wait_ms", wait.toNanos() * 1e-6);
        row.append("\"refused\": %d, ".formatted(late.getTotalCount()));
        percentiles(row, "refused_after_wait", late);
      } else {
        // Of one that never got a carrier again, all percentiles are 0.
        row.append("\"others_woken\": %d, ".formatted(sleeper.late.getTotalCount()));
        percentiles(row, "others_late", sleeper.late);
      }
      if (kind == Kind.PLATFORM) {
        row.append("\"bytes_in_served_calls\": %d, ".formatted(bytes));
      }
      row.append(
          "\"other_exceptions\": %d, \"counts_out_of_bounds\": %d, \"looks_at_counts\": %d, \"most_waiting\": %d, \"counts_exact_at_the_end\": %s"
              .formatted(others, watcher.outOfBounds, watcher.looks, watcher.mostWaiting, exact));
      System.out.println(row);
    }

    private Thread start(Runnable caller) {
      return kind == Kind.PLATFORM
          ? Thread.ofPlatform().start(caller)
          : Thread.ofVirtual().start(caller);
    }

    private static void percentiles(StringBuilder row, String name, Histogram histogram) {
      for (double percentile : new double[] {50, 99, 99.9}) {
        String text = String.valueOf(percentile).replace(".0", "");
        number(
            row,
            "%s_p%s_ms".formatted(name, text),
            histogram.getValueAtPercentile(percentile) * 1e-6);
      }
      number(row, name + "_max_ms", histogram.getMaxValue() * 1e-6);
    }

    private static void number(StringBuilder row, String name, double value) {
      row.append(String.format(Locale.ROOT, "\"%s\": %.3f, ", name, value));
    }

    /** Asks again and again. */
    private final class Caller implements Runnable {
      private final Histogram served = histogram();

      /** How long after the end of the wait callers were refused. */
      private final Histogram late = histogram();

      private long allServed;
      private long allRefused;
      private long bytes;
      private long others;

      @Override
      public void run() {
        while (!done.get()) {
          boolean counted = measured.get();
          long before = kind == Kind.PLATFORM ? THREADS.getCurrentThreadAllocatedBytes() : 0;
          long start = System.nanoTime();
          try {
            call();
            long end = System.nanoTime();
            allServed++;
            if (counted) {
              served.recordValue(end - start);
              bytes +=
                  kind == Kind.PLATFORM ? THREADS.getCurrentThreadAllocatedBytes() - before : 0;
            }
          } catch (PoolTimeoutException _) {
            long end = System.nanoTime();
            allRefused++;
            if (counted) {
              late.recordValue(Math.max(0, end - start - wait.toNanos()));
            }
          } catch (RuntimeException | ExecutionException | InterruptedException _) {
            others++;
          }
        }
      }

      private void call() throws ExecutionException, InterruptedException {
        if (kind == Kind.HAND_OVER) {
          workers.submit(() -> pool.withInference(wait, RUN)).get();
        } else {
          pool.withInference(wait, RUN);
        }
      }
    }

    /** Another virtual thread, which needs a carrier once a millisecond. */
    private final class Sleeper implements Runnable {
      private final Histogram late = histogram();

      @Override
      public void run() {
        while (!done.get()) {
          boolean counted = measured.get();
          long start = System.nanoTime();
          try {
            Thread.sleep(1);
          } catch (InterruptedException _) {
            return;
          }
          if (counted) {
            late.recordValue(Math.max(0, System.nanoTime() - start - 1_000_000));
          }
        }
      }
    }

    /** Looks at the pool's counts, which are never to leave their bounds. */
    private final class Watcher implements Runnable {
      private long outOfBounds;
      private long looks;
      private int mostWaiting;

      @Override
      public void run() {
        PoolCounts last = pool.counts();
        while (!done.get()) {
          PoolCounts counts = pool.counts();
          boolean within =
              counts.used() >= 0
                  && counts.used() <= counts.size()
                  && counts.idle() >= 0
                  && counts.idle() <= counts.size() - counts.used()
                  && counts.waiting() >= 0
                  && (counts.waiting() == 0 || counts.used() == counts.size())
                  && counts.lent() >= last.lent()
                  && counts.timedOut() >= last.timedOut();
          looks++;
          outOfBounds += within ? 0 : 1;
          mostWaiting = Math.max(mostWaiting, counts.waiting());
          last = counts;
          LockSupport.parkNanos(1_000_000);
        }
      }
    }
  }
}
