package io.panamba.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Turns.Outcome;
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

/** Turns that are waited for, given up and handed over at the same moments. */
@Timeout(60)
class TurnsTest {
  private static final long ANY = Long.MAX_VALUE;

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.WAITING
        && thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }

  @Test
  void noTimeMeansNoWait() {
    Turns turns = new Turns(1);
    assertThat(turns.take(0)).isEqualTo(Outcome.TAKEN);
    assertThat(turns.take(0)).isEqualTo(Outcome.LATE);
    assertThat(turns.take(-1)).isEqualTo(Outcome.LATE);
    turns.giveBack();
    assertThat(turns.take(0)).isEqualTo(Outcome.TAKEN);
  }

  @Test
  void whoLeavesTheLineHoldsNobodyUp() throws Exception {
    Turns turns = new Turns(1);
    turns.take(ANY);
    List<Integer> order = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      int number = i;
      Thread thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    if (turns.take(ANY) == Outcome.TAKEN) {
                      order.add(number);
                      turns.giveBack();
                    }
                  });
      awaitWaiting(thread);
      threads.add(thread);
    }
    for (int i = 0; i < 30; i += 3) {
      threads.get(i).interrupt();
      threads.get(i).join();
    }
    turns.giveBack();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(order).hasSize(20).isSorted().allMatch(number -> number % 3 != 0);
    assertThat(turns.take(0)).isEqualTo(Outcome.TAKEN);
    assertThat(turns.take(0)).isEqualTo(Outcome.LATE);
  }

  @Test
  void theEndWakesWhoWaitsAndWhoComesLater() throws Exception {
    Turns turns = new Turns(1);
    turns.take(ANY);
    List<Outcome> outcomes = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Thread thread = Thread.ofPlatform().start(() -> outcomes.add(turns.take(ANY)));
      awaitWaiting(thread);
      threads.add(thread);
    }
    turns.end();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(outcomes).hasSize(5).containsOnly(Outcome.ENDED);
    assertThat(turns.take(ANY)).isEqualTo(Outcome.ENDED);
    turns.giveBack();
    assertThat(turns.take(ANY)).isEqualTo(Outcome.TAKEN);
  }

  /** Never more turns than there are, none lost, and nobody left waiting. */
  @Test
  void turnsAreNeitherMadeNorLost() throws Exception {
    int count = 3;
    Turns turns = new Turns(count);
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
                      Outcome outcome = turns.take(wait);
                      outcomes.get(outcome).incrementAndGet();
                      if (outcome == Outcome.TAKEN) {
                        if (held.incrementAndGet() > count) {
                          tooMany.set(true);
                        }
                        for (int spin = random.nextInt(200); spin > 0; spin--) {
                          Thread.onSpinWait();
                        }
                        held.decrementAndGet();
                        turns.giveBack();
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
      assertThat(turns.take(0)).isEqualTo(Outcome.TAKEN);
    }
    assertThat(turns.take(0)).isEqualTo(Outcome.LATE);
  }
}
