package io.panamba.jmh;

import com.sun.management.ThreadMXBean;
import io.panamba.model.Inference;
import io.panamba.model.architecture.Precision;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * The latency of Vim-Ti at 224 pixels while another thread allocates 500 MB/s, under G1 and ZGC,
 * each in a process of its own. Inferences follow each other without a pause, on one thread, so
 * that a second processor is left to the allocating thread and the collector.
 */
public final class Soak {
  private static final List<String> COLLECTORS = List.of("G1", "Z");

  private Soak() {}

  /**
   * Measures and writes a file of results.
   *
   * @param args seconds for each collector, precision (fp32 or bf16), the file
   * @throws Exception if a process fails
   */
  public static void main(String[] args) throws Exception {
    List<String> rows = new ArrayList<>();
    for (String collector : COLLECTORS) {
      String row =
          ChildJvm.run(
              List.of("-Xmx1g", "-XX:+Use" + collector + "GC"), Child.class, args[0], args[1]);
      row = "  {\"collector\": \"" + collector + "GC\", " + row + "}";
      System.out.println(row);
      rows.add(row);
    }
    Provenance.write(Path.of(args[2]), Soak.class, args, "soak", rows);
  }

  /** Allocates at a steady rate until it is interrupted. */
  private static final class Allocator implements Runnable {
    private static final int BYTES_PER_MILLISECOND = 500_000;
    private static final int[] SIZES = {64, 1024, 16_384, 131_072};

    private volatile byte[] latest;
    private volatile long allocated;

    @Override
    public void run() {
      long start = System.nanoTime();
      long bytes = 0;
      for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
        latest = new byte[SIZES[i % SIZES.length]];
        bytes += latest.length;
        allocated = bytes;
        long due = start + bytes * 1_000_000 / BYTES_PER_MILLISECOND;
        if (due - System.nanoTime() > 500_000) {
          java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
        }
      }
    }
  }

  /** One collector. */
  static final class Child {
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99};

    private Child() {}

    public static void main(String[] args) throws Exception {
      long nanos = TimeUnit.SECONDS.toNanos(Long.parseLong(args[0]));
      Precision precision = Precision.valueOf(args[1].toUpperCase(Locale.ROOT));
      try (NetworkSession vim = new NetworkSession("vim-tiny", precision, 224, 1, 1)) {
        vim.fill(new float[3 * 224 * 224]);
        Allocator allocator = new Allocator();
        Thread thread = Thread.ofPlatform().daemon().start(allocator);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Histogram histogram = new Histogram(TimeUnit.SECONDS.toNanos(60), 3);
        measure(vim.inference(), histogram, WARM_UP_NANOS);
        histogram.reset();
        long other = allocator.allocated;
        long collections = collections();
        long own = threads.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        measure(vim.inference(), histogram, nanos);
        double seconds = (System.nanoTime() - start) * 1e-9;
        own = threads.getCurrentThreadAllocatedBytes() - own;
        collections = collections() - collections;
        other = allocator.allocated - other;
        thread.interrupt();
        System.out.println(row(histogram, own, collections, other / seconds));
      }
    }

    private static void measure(Inference inference, Histogram histogram, long nanos) {
      long end = System.nanoTime() + nanos;
      for (long start = System.nanoTime(); start < end; start = System.nanoTime()) {
        inference.run();
        histogram.recordValue(System.nanoTime() - start);
      }
    }

    private static long collections() {
      return ManagementFactory.getGarbageCollectorMXBeans().stream()
          .mapToLong(GarbageCollectorMXBean::getCollectionCount)
          .sum();
    }

    private static String row(
        Histogram histogram, long own, long collections, double otherBytesPerSecond) {
      StringBuilder row = new StringBuilder();
      for (double percentile : PERCENTILES) {
        row.append(
            String.format(
                Locale.ROOT,
                "\"p%s_ms\": %.2f, ",
                percentile == Math.rint(percentile)
                    ? String.valueOf((int) percentile)
                    : String.valueOf(percentile),
                histogram.getValueAtPercentile(percentile) * 1e-6));
      }
      return row.append(
              String.format(
                  Locale.ROOT,
                  "\"max_ms\": %.2f, \"p99.9_over_p50\": %.3f, \"inferences\": %d,"
                      + " \"bytes_per_inference\": %d, \"collections\": %d,"
                      + " \"other_megabytes_per_second\": %.0f",
                  histogram.getMaxValue() * 1e-6,
                  (double) histogram.getValueAtPercentile(99.9)
                      / histogram.getValueAtPercentile(50),
                  histogram.getTotalCount(),
                  own / histogram.getTotalCount(),
                  collections,
                  otherBytesPerSecond * 1e-6))
          .toString();
    }
  }
}
