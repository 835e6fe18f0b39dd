package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Ten callers for each inference. How long they wait is measured by the benchmark PoolLoad; here
 * they are served or refused, never anything else, allocate nothing when served, and all counts are
 * right.
 */
@Timeout(120)
class OverloadTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int SIZE = 2;
  private static final int CALLERS = 10 * SIZE;
  private static final int CALLS = 40;

  private record Tally(int served, int refused, long[] bytes) {}

  /** Ten runs, so that callers meet. A reference to a method is not allocated for each use. */
  private static Void run(Inference inference) {
    for (int i = 0; i < 10; i++) {
      inference.run();
    }
    return null;
  }

  private static Tally call(InferencePool pool, Duration wait) {
    Function<Inference, Void> use = OverloadTest::run;
    long[] bytes = new long[CALLS];
    int served = 0;
    int refused = 0;
    for (int i = 0; i < CALLS; i++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      try {
        pool.withInference(wait, use);
        bytes[served++] = THREADS.getCurrentThreadAllocatedBytes() - before;
      } catch (PoolTimeoutException _) {
        refused++;
      }
    }
    return new Tally(served, refused, Arrays.copyOf(bytes, served));
  }

  @Test
  void tenTimesTheLoad() throws Exception {
    try (Device device = Device.cpu(1);
        Network vim =
            Network.open(GoldenFiles.path("vim_nano.safetensors"), device, Settings.none());
        InferencePool pool =
            new InferencePool(vim, InferenceOptions.logits(1, vim.config()), SIZE);
        ExecutorService threads = Executors.newFixedThreadPool(CALLERS)) {
      pool.warmUp();
      // The way through the pool is compiled, or at least linked: what that takes is nobody's.
      call(pool, Duration.ofHours(1));
      PoolCounts before = pool.counts();
      CyclicBarrier start = new CyclicBarrier(CALLERS);
      AtomicInteger number = new AtomicInteger();
      List<Future<Tally>> calls = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        calls.add(
            threads.submit(
                () -> {
                  // Some don't wait at all, some as long as it takes.
                  Duration wait = Duration.ofMillis(number.getAndIncrement() % 4 * 1000L);
                  start.await();
                  return call(pool, wait);
                }));
      }
      int served = 0;
      int refused = 0;
      List<Long> bytes = new ArrayList<>();
      for (Future<Tally> future : calls) {
        Tally tally = future.get();
        served += tally.served();
        refused += tally.refused();
        Arrays.stream(tally.bytes()).forEach(bytes::add);
      }
      assertThat(served + refused).isEqualTo(CALLERS * CALLS);
      assertThat(refused).isPositive();
      PoolCounts end = pool.counts();
      assertThat(end)
          .isEqualTo(
              new PoolCounts(
                  SIZE, 0, SIZE, 0, before.lent() + served, before.timedOut() + refused));
      // A compiler's doings are charged to the thread that they meet, so that some calls may show
      // bytes that are not theirs.
      assertThat(bytes.stream().filter(count -> count == 0).count())
          .isGreaterThan(bytes.size() * 9L / 10);
    }
  }

  /** All inferences are held: every caller is refused, at once or after its wait. */
  @Test
  void nothingIsFree() throws Exception {
    try (Device device = Device.cpu(1);
        Network vim =
            Network.open(GoldenFiles.path("vim_nano.safetensors"), device, Settings.none());
        InferencePool pool = new InferencePool(vim, InferenceOptions.logits(1, vim.config()), 1);
        ExecutorService threads = Executors.newFixedThreadPool(10)) {
      List<Future<Tally>> calls = new ArrayList<>();
      pool.<Void>withInference(
          _ -> {
            for (int i = 0; i < 10; i++) {
              Duration wait = Duration.ofMillis(i % 2);
              calls.add(threads.submit(() -> call(pool, wait)));
            }
            for (Future<Tally> future : calls) {
              assertThat(future)
                  .succeedsWithin(Duration.ofMinutes(1))
                  .satisfies(tally -> assertThat(tally.refused()).isEqualTo(CALLS));
            }
            assertThat(pool.counts()).isEqualTo(new PoolCounts(1, 1, 0, 0, 1, 10L * CALLS));
            return null;
          });
    }
  }
}
