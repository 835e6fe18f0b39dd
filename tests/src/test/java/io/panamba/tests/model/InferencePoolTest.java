package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.RgbImage;
import io.panamba.model.memory.InferenceInterruptedException;
import io.panamba.model.task.Classifier;
import io.panamba.model.task.FeatureExtractor;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.Allocation;
import io.panamba.tests.kit.GoldenFiles;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Many threads and few inferences. */
@Timeout(60)
class InferencePoolTest {
  private static final int THREADS = 8;
  private static final Duration HOUR = Duration.ofHours(1);

  /** References to methods without an object are not allocated for each use. */
  private static Void run(Inference inference) {
    inference.run();
    return null;
  }

  private final Device device = Device.cpu(1);
  private Network vim;
  private InferenceOptions options;

  @BeforeEach
  void open() {
    vim = Network.open(GoldenFiles.path("vim_nano.safetensors"), device, Settings.none());
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
      assertThat(Allocation.of(1000, () -> pool.withInference(InferencePoolTest::run))).isZero();
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
                      pool.withInference(hold);
                    }
                  });
      long bytes =
          Allocation.of(
              100,
              () -> {
                while (!held.get()) {
                  Thread.onSpinWait();
                }
                pool.withInference(InferencePoolTest::run);
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
        pool.withInference(seen::add);
      }
      assertThat(seen).hasSize(1);
      together(
          () -> {
            for (int i = 0; i < 300; i++) {
              pool.<Void>withInference(
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
      pool.<Void>withInference(
          _ -> {
            for (int i = 0; i < count; i++) {
              int number = i;
              Thread thread =
                  Thread.ofPlatform().start(() -> pool.withInference(_ -> order.add(number)));
              awaitWaiting(thread);
              threads.add(thread);
            }
            assertThat(order).isEmpty();
            return null;
          });
      // Who comes back at once does not overtake.
      pool.withInference(_ -> order.add(count));
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
                  pool.withInference(InferencePoolTest::run);
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
                    pool.<Void>withInference(
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

  /** What a thread gets that finds the pool's only inference in use, and what is done to it. */
  private Throwable waiting(
      InferencePool pool, Consumer<InferencePool> call, Consumer<Thread> disturbance)
      throws Exception {
    FutureTask<Throwable> task =
        new FutureTask<>(
            () -> {
              Throwable thrown = catchThrowable(() -> call.accept(pool));
              assertThat(Thread.currentThread().isInterrupted())
                  .isEqualTo(thrown instanceof InferenceInterruptedException);
              return thrown;
            });
    return pool.withInference(
        _ -> {
          Thread thread = Thread.ofPlatform().start(task);
          while (thread.getState() != Thread.State.WAITING
              && thread.getState() != Thread.State.TIMED_WAITING
              && !task.isDone()) {
            Thread.onSpinWait();
          }
          disturbance.accept(thread);
          // The inference is still in use: only the disturbance can have ended the wait.
          try {
            return task.get();
          } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static Stream<Named<Consumer<InferencePool>>> waits() {
    return Stream.of(
        Named.of("for ever", pool -> pool.withInference(InferencePoolTest::run)),
        Named.of("an hour", pool -> pool.withInference(HOUR, InferencePoolTest::run)),
        Named.of(
            "three centuries",
            pool -> pool.withInference(ChronoUnit.FOREVER.getDuration(), InferencePoolTest::run)),
        Named.of("to warm up", InferencePool::warmUp));
  }

  @ParameterizedTest
  @MethodSource("waits")
  void anInterruptEndsAWait(Consumer<InferencePool> call) throws Exception {
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      assertThat(waiting(pool, call, Thread::interrupt))
          .isInstanceOf(InferenceInterruptedException.class)
          .hasMessage("the thread was interrupted while it waited for an inference of the pool");
      pool.withInference(Duration.ZERO, InferencePoolTest::run);
    }
  }

  @ParameterizedTest
  @MethodSource("waits")
  void aCloseEndsAWait(Consumer<InferencePool> call) throws Exception {
    InferencePool pool = new InferencePool(vim, options, 1);
    assertThat(waiting(pool, call, _ -> pool.close()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the pool is closed");
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, 0, 30})
  void aWaitEndsWhenItsTimeIsUp(long millis) throws Exception {
    Duration wait = Duration.ofMillis(millis);
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      long start = System.nanoTime();
      assertThat(waiting(pool, p -> p.withInference(wait, InferencePoolTest::run), _ -> {}))
          .isInstanceOf(PoolTimeoutException.class)
          .hasMessage(
              "none of the pool's 1 inferences became free within %d ms"
                  .formatted(Math.max(0, millis)));
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(wait);
      pool.withInference(Duration.ZERO, InferencePoolTest::run);
    }
  }

  @Test
  void anInterruptedThreadThatNeedsNotWaitIsServed() {
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      Thread.currentThread().interrupt();
      pool.withInference(InferencePoolTest::run);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void classifiersAndExtractorsWaitNoLongerThanTold() throws Exception {
    RgbImage image = RgbImage.of(1, 1, new byte[3]);
    try (Classifier classifier = new Classifier(vim, vim.labels(), 1);
        FeatureExtractor extractor = new FeatureExtractor(vim, 1)) {
      assertThat(classifier.classify(image, 10, HOUR)).isEqualTo(classifier.classify(image, 10));
      assertThat(extractor.features(image, HOUR)).isEqualTo(extractor.features(image));
      extractor.<Void>extract(
          image,
          _ -> {
            assertThatThrownBy(() -> extractor.features(image, Duration.ZERO))
                .isInstanceOf(PoolTimeoutException.class);
            assertThatThrownBy(
                    () -> extractor.extract(image, Duration.ofMillis(1), Inference::options))
                .isInstanceOf(PoolTimeoutException.class);
            return null;
          });
      assertThat(classifier.logits(image, Duration.ZERO)).isEqualTo(classifier.logits(image));
    }
  }

  @Test
  void severalMayWarmUpAtOnce() throws Exception {
    try (InferencePool pool = new InferencePool(vim, options, 3)) {
      together(
          () -> {
            pool.warmUp();
            return pool.withInference(InferencePoolTest::run);
          });
    }
  }

  @Test
  void aPlanThatFailsTakesNoPlace() {
    InferenceOptions tooSmall = new InferenceOptions(1, 7, 7, true, false, false);
    try (InferencePool pool = new InferencePool(vim, tooSmall, 2)) {
      for (int i = 0; i < 5; i++) {
        assertThatThrownBy(() -> pool.withInference(InferencePoolTest::run))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(pool::warmUp).isInstanceOf(IllegalArgumentException.class);
      }
    }
  }
}
