package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.InferenceOptions;
import io.panamba.model.InferencePool;
import io.panamba.model.Vim;
import io.panamba.model.VimOptions;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.Allocation;
import io.panamba.tests.kit.GoldenFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many threads and few inferences. */
@Timeout(60)
class InferencePoolTest {
  private static final int THREADS = 8;

  /** References to methods without an object are not allocated for each use. */
  private static Void run(Inference inference) {
    inference.run();
    return null;
  }

  private final Device device = Device.cpu(1);
  private Vim vim;
  private InferenceOptions options;

  @BeforeEach
  void open() {
    vim = Vim.open(GoldenFiles.path("vim_nano.safetensors"), device, VimOptions.defaults());
    options = InferenceOptions.logits(1, vim.config());
  }

  @AfterEach
  void close() {
    vim.close();
    device.close();
  }

  /** Calls from eight threads at once, and waits for all. */
  private static <T> List<T> together(Callable<T> call) throws Exception {
    CyclicBarrier start = new CyclicBarrier(THREADS);
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        futures.add(
            threads.submit(
                () -> {
                  start.await();
                  return call.call();
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    }
  }

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
  }

  @Test
  void borrowingAllocatesNothing() throws Exception {
    try (InferencePool pool = new InferencePool(vim, options, 3)) {
      pool.warmUp();
      assertThat(Allocation.of(1000, () -> pool.use(InferencePoolTest::run))).isZero();
    }
  }

  /** The other thread holds the only inference until this one waits for it, every time. */
  @Test
  void waitingAllocatesNothing() throws Exception {
    AtomicBoolean held = new AtomicBoolean();
    AtomicBoolean done = new AtomicBoolean();
    Thread waiter = Thread.currentThread();
    Function<Inference, Void> hold =
        _ -> {
          held.set(true);
          while (waiter.getState() != Thread.State.WAITING && !done.get()) {
            Thread.onSpinWait();
          }
          held.set(false);
          return null;
        };
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      pool.warmUp();
      Thread holder =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!done.get()) {
                      pool.use(hold);
                    }
                  });
      long bytes =
          Allocation.of(
              100,
              () -> {
                while (!held.get()) {
                  Thread.onSpinWait();
                }
                pool.use(InferencePoolTest::run);
              });
      done.set(true);
      holder.join();
      assertThat(bytes).isZero();
    }
  }

  @Test
  void noMoreInferencesThanAskedForAndNoMoreThanNeeded() throws Exception {
    Set<Inference> seen = ConcurrentHashMap.newKeySet();
    AtomicInteger inUse = new AtomicInteger();
    try (InferencePool pool = new InferencePool(vim, options, 3)) {
      for (int i = 0; i < 100; i++) {
        pool.use(seen::add);
      }
      assertThat(seen).hasSize(1);
      together(
          () -> {
            for (int i = 0; i < 300; i++) {
              pool.<Void>use(
                  inference -> {
                    assertThat(inUse.incrementAndGet()).isLessThanOrEqualTo(3);
                    seen.add(inference);
                    inference.run();
                    inUse.decrementAndGet();
                    return null;
                  });
            }
            return null;
          });
    }
    assertThat(seen).hasSizeLessThanOrEqualTo(3);
  }

  @Test
  void turnsComeInTheOrderOfArrival() throws Exception {
    int count = 40;
    List<Integer> order = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      pool.<Void>use(
          _ -> {
            for (int i = 0; i < count; i++) {
              int number = i;
              Thread thread = Thread.ofPlatform().start(() -> pool.use(_ -> order.add(number)));
              awaitWaiting(thread);
              threads.add(thread);
            }
            assertThat(order).isEmpty();
            return null;
          });
      // Who comes back at once does not overtake.
      pool.use(_ -> order.add(count));
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(order).hasSize(count + 1).isSorted();
  }

  @Test
  void everyThreadGetsItsShare() throws Exception {
    AtomicInteger all = new AtomicInteger();
    try (InferencePool pool = new InferencePool(vim, options, 2)) {
      List<Integer> shares =
          together(
              () -> {
                int share = 0;
                while (all.getAndIncrement() < 8000) {
                  pool.use(InferencePoolTest::run);
                  share++;
                }
                return share;
              });
      assertThat(shares).allSatisfy(share -> assertThat(share).isBetween(500, 1500));
    }
  }

  @Test
  void aCloseEndsEveryUse() throws Exception {
    Set<Inference> seen = ConcurrentHashMap.newKeySet();
    for (int round = 0; round < 50; round++) {
      InferencePool pool = new InferencePool(vim, options, 3);
      CountDownLatch used = new CountDownLatch(THREADS);
      Thread closer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      used.await();
                    } catch (InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                    pool.close();
                  });
      List<String> ends =
          together(
              () -> {
                try {
                  while (true) {
                    pool.<Void>use(
                        inference -> {
                          seen.add(inference);
                          inference.run();
                          used.countDown();
                          return null;
                        });
                  }
                } catch (IllegalStateException e) {
                  return e.getMessage();
                }
              });
      assertThat(ends).containsOnly("the pool is closed");
      closer.join();
      for (Inference inference : seen) {
        assertThatThrownBy(inference::run)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("the plan is closed");
      }
      seen.clear();
    }
  }

  @Test
  void anInterruptedThreadKeepsItsPlaceInTheLine() throws Exception {
    AtomicInteger interrupted = new AtomicInteger();
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      Thread waiter =
          pool.use(
              _ -> {
                Thread thread =
                    Thread.ofPlatform()
                        .start(
                            () ->
                                pool.use(
                                    _ -> {
                                      if (Thread.currentThread().isInterrupted()) {
                                        interrupted.incrementAndGet();
                                      }
                                      return null;
                                    }));
                awaitWaiting(thread);
                thread.interrupt();
                return thread;
              });
      waiter.join(TimeUnit.SECONDS.toMillis(20));
      assertThat(interrupted).hasValue(1);
    }
  }

  @Test
  void severalMayWarmUpAtOnce() throws Exception {
    try (InferencePool pool = new InferencePool(vim, options, 3)) {
      together(
          () -> {
            pool.warmUp();
            return pool.use(InferencePoolTest::run);
          });
    }
  }

  @Test
  void aPlanThatFailsTakesNoPlace() {
    InferenceOptions tooSmall = new InferenceOptions(1, 7, 7, true, false, false);
    try (InferencePool pool = new InferencePool(vim, tooSmall, 2)) {
      for (int i = 0; i < 5; i++) {
        assertThatThrownBy(() -> pool.use(InferencePoolTest::run))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(pool::warmUp).isInstanceOf(IllegalArgumentException.class);
      }
    }
  }
}
