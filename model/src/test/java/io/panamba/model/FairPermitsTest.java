package io.panamba.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.FairPermits.Outcome;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Permits that are waited for, given up and handed over at the same moments. */
@Timeout(60)
class FairPermitsTest {
  private static final long ANY = Long.MAX_VALUE;

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.WAITING
        && thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }

  @Test
  void noTimeMeansNoWait() {
    FairPermits permits = new FairPermits(1);
    assertThat(permits.take(0)).isEqualTo(Outcome.TAKEN);
    assertThat(permits.take(0)).isEqualTo(Outcome.LATE);
    assertThat(permits.take(-1)).isEqualTo(Outcome.LATE);
    permits.giveBack();
    assertThat(permits.take(0)).isEqualTo(Outcome.TAKEN);
  }

  @Test
  void whoLeavesTheLineHoldsNobodyUp() throws Exception {
    FairPermits permits = new FairPermits(1);
    permits.take(ANY);
    List<Integer> order = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      int number = i;
      Thread thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    if (permits.take(ANY) == Outcome.TAKEN) {
                      order.add(number);
                      permits.giveBack();
                    }
                  });
      awaitWaiting(thread);
      threads.add(thread);
    }
    for (int i = 0; i < 30; i += 3) {
      threads.get(i).interrupt();
      threads.get(i).join();
    }
    permits.giveBack();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(order).hasSize(20).isSorted().allMatch(number -> number % 3 != 0);
    assertThat(permits.take(0)).isEqualTo(Outcome.TAKEN);
    assertThat(permits.take(0)).isEqualTo(Outcome.LATE);
  }

  @Test
  void theEndWakesWhoWaitsAndWhoComesLater() throws Exception {
    FairPermits permits = new FairPermits(1);
    permits.take(ANY);
    List<Outcome> outcomes = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Thread thread = Thread.ofPlatform().start(() -> outcomes.add(permits.take(ANY)));
      awaitWaiting(thread);
      threads.add(thread);
    }
    permits.end();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(outcomes).hasSize(5).containsOnly(Outcome.ENDED);
    assertThat(permits.take(ANY)).isEqualTo(Outcome.ENDED);
    permits.giveBack();
    assertThat(permits.take(ANY)).isEqualTo(Outcome.TAKEN);
  }

  /** Never more permits than there are, none lost, and nobody left waiting. */
  @Test
  void turnsAreNeitherMadeNorLost() throws Exception {
    int count = 3;
    FairPermits permits = new FairPermits(count);
    AtomicInteger held = new AtomicInteger();
    AtomicBoolean tooMany = new AtomicBoolean();
    AtomicBoolean done = new AtomicBoolean();
    Map<Outcome, AtomicInteger> outcomes = new EnumMap<>(Outcome.class);
    for (Outcome outcome : Outcome.values()) {
      outcomes.put(outcome, new AtomicInteger());
    }
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      RandomGenerator random = RandomGeneratorFactory.getDefault().create(i);
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int round = 0; round < 4000; round++) {
                      long wait = random.nextInt(4) == 0 ? ANY : random.nextInt(20_000);
                      Outcome outcome = permits.take(wait);
                      outcomes.get(outcome).incrementAndGet();
                      if (outcome == Outcome.TAKEN) {
                        if (held.incrementAndGet() > count) {
                          tooMany.set(true);
                        }
                        for (int spin = random.nextInt(200); spin > 0; spin--) {
                          Thread.onSpinWait();
                        }
                        held.decrementAndGet();
                        permits.giveBack();
                      } else if (outcome == Outcome.INTERRUPTED && !Thread.interrupted()) {
                        throw new AssertionError("not interrupted");
                      }
                    }
                  }));
    }
    Thread interrupter =
        Thread.ofPlatform()
            .start(
                () -> {
                  RandomGenerator random = RandomGeneratorFactory.getDefault().create(99);
                  while (!done.get()) {
                    threads.get(random.nextInt(threads.size())).interrupt();
                    Thread.onSpinWait();
                  }
                });
    for (Thread thread : threads) {
      thread.join();
    }
    done.set(true);
    interrupter.join();
    assertThat(tooMany).isFalse();
    assertThat(outcomes.values().stream().mapToInt(AtomicInteger::get).sum()).isEqualTo(48_000);
    assertThat(outcomes.get(Outcome.TAKEN)).hasPositiveValue();
    for (int i = 0; i < count; i++) {
      assertThat(permits.take(0)).isEqualTo(Outcome.TAKEN);
    }
    assertThat(permits.take(0)).isEqualTo(Outcome.LATE);
  }
}
