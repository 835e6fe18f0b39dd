package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolListener;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.memory.InferenceInterruptedException;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.Allocation;
import io.panamba.tests.kit.GoldenFiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a pool tells of its inferences and callers. */
@Timeout(60)
class PoolCountsTest {
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

  private static Void run(Inference inference) {
    inference.run();
    return null;
  }

  /** Keeps what it is told. */
  private static final class Notes implements PoolListener {
    private final List<Outcome> outcomes = new CopyOnWriteArrayList<>();
    private final List<Long> uses = new CopyOnWriteArrayList<>();

    @Override
    public void waited(Outcome outcome, long nanos) {
      assertThat(nanos).isNotNegative();
      outcomes.add(outcome);
    }

    @Override
    public void used(long nanos) {
      uses.add(nanos);
    }
  }

  @Test
  void plannedLentAndGivenBack() {
    InferencePool pool = new InferencePool(vim, options, 3);
    assertThat(pool.counts()).isEqualTo(new PoolCounts(3, 0, 0, 0, 0, 0));
    pool.<Void>withInference(
        _ -> {
          assertThat(pool.counts()).isEqualTo(new PoolCounts(3, 1, 0, 0, 1, 0));
          return null;
        });
    assertThat(pool.counts()).isEqualTo(new PoolCounts(3, 0, 1, 0, 1, 0));
    pool.warmUp();
    assertThat(pool.counts()).isEqualTo(new PoolCounts(3, 0, 3, 0, 1, 0));
    pool.<Void>withInference(
        _ -> {
          assertThat(pool.counts()).isEqualTo(new PoolCounts(3, 1, 2, 0, 2, 0));
          pool.close();
          assertThat(pool.counts()).isEqualTo(new PoolCounts(3, 1, 0, 0, 2, 0));
          return null;
        });
    assertThat(pool.counts()).isEqualTo(new PoolCounts(3, 0, 0, 0, 2, 0));
  }

  @Test
  void waitingAndRefused() throws Exception {
    List<Thread> threads = new ArrayList<>();
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      pool.<Void>withInference(
          _ -> {
            for (int i = 0; i < 4; i++) {
              threads.add(Thread.ofPlatform().start(() -> pool.withInference(PoolCountsTest::run)));
            }
            while (pool.counts().waiting() < 4) {
              Thread.onSpinWait();
            }
            assertThatThrownBy(() -> pool.withInference(Duration.ZERO, PoolCountsTest::run))
                .isInstanceOf(PoolTimeoutException.class);
            assertThat(pool.counts()).isEqualTo(new PoolCounts(1, 1, 0, 4, 1, 1));
            return null;
          });
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(pool.counts()).isEqualTo(new PoolCounts(1, 0, 1, 0, 5, 1));
    }
  }

  @Test
  void aPlanThatFails() {
    InferenceOptions tooSmall = new InferenceOptions(1, 7, 7, true, false, false);
    try (InferencePool pool = new InferencePool(vim, tooSmall, 2)) {
      assertThatThrownBy(() -> pool.withInference(PoolCountsTest::run))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(pool::warmUp).isInstanceOf(IllegalArgumentException.class);
      assertThat(pool.counts()).isEqualTo(new PoolCounts(2, 0, 0, 0, 0, 0));
    }
  }

  private static void check(PoolCounts counts, PoolCounts before) {
    assertThat(counts.used()).isBetween(0, counts.size());
    assertThat(counts.idle()).isBetween(0, counts.size() - counts.used());
    assertThat(counts.waiting()).isNotNegative();
    if (counts.waiting() > 0) {
      assertThat(counts.used()).isEqualTo(counts.size());
    }
    assertThat(counts.lent()).isGreaterThanOrEqualTo(before.lent());
    assertThat(counts.timedOut()).isGreaterThanOrEqualTo(before.timedOut());
  }

  /** Twelve callers of three inferences, some of them impatient, some of them interrupted. */
  @Test
  void underLoadWithinBoundsAndExactAtTheEnd() throws Exception {
    Notes notes = new Notes();
    AtomicLong lent = new AtomicLong();
    AtomicLong refused = new AtomicLong();
    AtomicLong interrupted = new AtomicLong();
    AtomicBoolean done = new AtomicBoolean();
    List<Thread> callers = new ArrayList<>();
    try (InferencePool pool = new InferencePool(vim, options, 3)) {
      pool.addListener(notes);
      for (int i = 0; i < 12; i++) {
        Duration wait = Duration.ofNanos(100_000L * i);
        callers.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int call = 0; call < 300; call++) {
                        try {
                          pool.withInference(wait, PoolCountsTest::run);
                          lent.incrementAndGet();
                        } catch (PoolTimeoutException _) {
                          refused.incrementAndGet();
                        } catch (InferenceInterruptedException _) {
                          assertThat(Thread.interrupted()).isTrue();
                          interrupted.incrementAndGet();
                        }
                      }
                    }));
      }
      Thread disturber =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; !done.get(); i++) {
                      callers.get(i % callers.size()).interrupt();
                      LockSupport.parkNanos(20_000);
                    }
                  });
      PoolCounts last = pool.counts();
      for (Thread caller : callers) {
        while (caller.isAlive()) {
          PoolCounts counts = pool.counts();
          check(counts, last);
          last = counts;
        }
      }
      done.set(true);
      disturber.join();
      assertThat(lent.get() + refused.get() + interrupted.get()).isEqualTo(12 * 300);
      PoolCounts end = pool.counts();
      assertThat(end).isEqualTo(new PoolCounts(3, 0, end.idle(), 0, lent.get(), refused.get()));
      assertThat(end.idle()).isBetween(1, 3);
      assertThat(notes.uses).hasSize(lent.intValue());
      assertThat(notes.outcomes.stream().filter(PoolListener.Outcome.LENT::equals).count())
          .isEqualTo(lent.get());
      assertThat(notes.outcomes.stream().filter(PoolListener.Outcome.TIMED_OUT::equals).count())
          .isEqualTo(refused.get());
      assertThat(notes.outcomes).hasSize(12 * 300);
    }
  }

  @Test
  void listenersAreToldInTheirOrder() {
    Notes first = new Notes();
    List<String> order = new ArrayList<>();
    PoolListener second =
        new PoolListener() {
          @Override
          public void waited(Outcome outcome, long nanos) {
            order.add(outcome + " " + first.outcomes.size());
          }

          @Override
          public void used(long nanos) {
            order.add("used " + first.uses.size());
          }
        };
    InferencePool pool = new InferencePool(vim, options, 1);
    pool.withInference(PoolCountsTest::run);
    pool.addListener(first);
    pool.addListener(second);
    pool.<Void>withInference(
        _ -> {
          assertThatThrownBy(() -> pool.withInference(Duration.ZERO, PoolCountsTest::run))
              .isInstanceOf(PoolTimeoutException.class);
          Thread.currentThread().interrupt();
          assertThatThrownBy(() -> pool.withInference(PoolCountsTest::run))
              .isInstanceOf(InferenceInterruptedException.class);
          assertThat(Thread.interrupted()).isTrue();
          pool.close();
          assertThatThrownBy(() -> pool.withInference(PoolCountsTest::run))
              .isInstanceOf(IllegalStateException.class);
          return null;
        });
    assertThat(order)
        .containsExactly("LENT 1", "TIMED_OUT 2", "INTERRUPTED 3", "CLOSED 4", "used 1");
    assertThat(first.uses).hasSize(1).allMatch(nanos -> nanos > 0);
  }

  @Test
  void aListenerThatThrowsKeepsNoInference() {
    PoolListener broken =
        new PoolListener() {
          @Override
          public void waited(Outcome outcome, long nanos) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void used(long nanos) {}
        };
    try (InferencePool pool = new InferencePool(vim, options, 1)) {
      pool.addListener(broken);
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> pool.withInference(Duration.ZERO, PoolCountsTest::run))
            .isInstanceOf(UnsupportedOperationException.class);
      }
      assertThat(pool.counts().used()).isZero();
    }
  }

  @Test
  void borrowingWithAListenerAllocatesNothing() {
    AtomicLong nanos = new AtomicLong();
    PoolListener adding =
        new PoolListener() {
          @Override
          public void waited(Outcome outcome, long more) {
            nanos.addAndGet(more);
          }

          @Override
          public void used(long more) {
            nanos.addAndGet(more);
          }
        };
    try (InferencePool pool = new InferencePool(vim, options, 2)) {
      pool.addListener(adding);
      pool.warmUp();
      assertThat(Allocation.of(1000, () -> pool.withInference(PoolCountsTest::run))).isZero();
    }
    assertThat(nanos.get()).isPositive();
  }
}
