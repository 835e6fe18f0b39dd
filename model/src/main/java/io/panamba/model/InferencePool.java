package io.panamba.model;

import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.memory.InferenceInterruptedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * A bounded number of inferences for any number of threads. They are planned when first needed and
 * kept. A thread that finds all of them in use waits for its permit; permits come in the order of
 * arrival. The wait ends early when its time is up, when the thread is interrupted and when the
 * pool is closed. Borrowing takes no lock unless there is none to borrow, and allocates nothing.
 */
public final class InferencePool implements AutoCloseable, Pooled {
  /**
   * An inference and how often it was lent. Who has it counts, so that counting is an addition to
   * memory that nobody else writes.
   */
  private record Lendable(Inference inference, AtomicLong uses) {}

  private record Both(PoolListener first, PoolListener second) implements PoolListener {
    @Override
    public void waited(Outcome outcome, long nanos) {
      first.waited(outcome, nanos);
      second.waited(outcome, nanos);
    }

    @Override
    public void used(long nanos) {
      first.used(nanos);
      second.used(nanos);
    }
  }

  private final Network network;
  private final InferenceOptions options;
  private final FairPermits permits;

  /** Who has a permit finds an inference here, or else may plan one. */
  private final AtomicReferenceArray<Lendable> idle;

  private final AtomicInteger unplanned;
  private final ReentrantLock warming = new ReentrantLock();

  /** Of every inference that was planned. Guarded by itself. */
  private final List<AtomicLong> uses = new ArrayList<>();

  private final AtomicLong timedOut = new AtomicLong();
  private volatile PoolListener listener;
  private volatile boolean closed;

  /**
   * Creates a pool; nothing is planned yet.
   *
   * @param network the network, which has to outlive the pool
   * @param options what each inference is planned for
   * @param size most inferences at a time, at least 1
   */
  public InferencePool(Network network, InferenceOptions options, int size) {
    if (size < 1) {
      throw new IllegalArgumentException("a pool has at least one inference, not " + size);
    }
    this.network = network;
    this.options = options;
    this.permits = new FairPermits(size);
    this.idle = new AtomicReferenceArray<>(size);
    this.unplanned = new AtomicInteger(size);
  }

  /**
   * Lends an inference to the calling thread while {@code use} runs, and waits for one for any
   * time.
   *
   * @param <T> what is made of it
   * @param use writes the image, runs, reads results; it must not keep the inference or its
   *     tensors, and not use this pool
   * @return what {@code use} returned
   * @throws InferenceInterruptedException if the thread, which stays interrupted, would have to
   *     wait
   * @throws IllegalStateException if the pool is closed, before or while the thread waits
   */
  public <T> T withInference(Function<? super Inference, ? extends T> use) {
    return lend(Long.MAX_VALUE, use);
  }

  /**
   * Lends an inference to the calling thread while {@code use} runs.
   *
   * @param <T> what is made of it
   * @param wait most time to wait for an inference; of zero or less, one is lent if one is free.
   *     How long {@code use} takes is not limited
   * @param use as in {@link #withInference(Function)}
   * @return what {@code use} returned
   * @throws PoolTimeoutException if none became free in that time
   * @throws InferenceInterruptedException if the thread, which stays interrupted, would have to
   *     wait
   * @throws IllegalStateException if the pool is closed, before or while the thread waits
   */
  public <T> T withInference(Duration wait, Function<? super Inference, ? extends T> use) {
    // Of more than 292 years: any time.
    return lend(TimeUnit.NANOSECONDS.convert(wait), use);
  }

  private <T> T lend(long nanos, Function<? super Inference, ? extends T> use) {
    PoolListener told = listener;
    if (told != null) {
      return lendAndTell(told, nanos, use);
    }
    takePermit(nanos);
    try {
      return lendOne(use);
    } finally {
      permits.giveBack();
    }
  }

  private <T> T lendAndTell(
      PoolListener told, long nanos, Function<? super Inference, ? extends T> use) {
    long asked = System.nanoTime();
    FairPermits.Outcome outcome = permits.take(nanos);
    long lent = System.nanoTime();
    if (outcome != FairPermits.Outcome.TAKEN) {
      told.waited(end(outcome), lent - asked);
    }
    requireTaken(outcome, nanos);
    try {
      told.waited(end(outcome), lent - asked);
      return lendOne(use);
    } finally {
      permits.giveBack();
      told.used(System.nanoTime() - lent);
    }
  }

  /** To be called by who has a permit. */
  private <T> T lendOne(Function<? super Inference, ? extends T> use) {
    Lendable lendable = take();
    try {
      // What is idle is published by an atomic exchange: its last user's count is seen here.
      lendable.uses().setRelease(lendable.uses().getPlain() + 1);
      return use.apply(lendable.inference());
    } finally {
      giveBack(lendable);
    }
  }

  private static PoolListener.Outcome end(FairPermits.Outcome outcome) {
    return switch (outcome) {
      case TAKEN -> PoolListener.Outcome.LENT;
      case LATE -> PoolListener.Outcome.TIMED_OUT;
      case INTERRUPTED -> PoolListener.Outcome.INTERRUPTED;
      case ENDED -> PoolListener.Outcome.CLOSED;
    };
  }

  private void takePermit(long nanos) {
    requireTaken(permits.take(nanos), nanos);
  }

  private void requireTaken(FairPermits.Outcome outcome, long nanos) {
    switch (outcome) {
      case TAKEN -> {}
      case LATE -> {
        timedOut.incrementAndGet();
        throw new PoolTimeoutException(
            "none of the pool's %d inferences became free within %d ms"
                .formatted(idle.length(), TimeUnit.NANOSECONDS.toMillis(Math.max(0, nanos))));
      }
      case INTERRUPTED -> throw interrupted();
      case ENDED -> throw closed();
    }
  }

  private static InferenceInterruptedException interrupted() {
    return new InferenceInterruptedException(
        "the thread was interrupted while it waited for an inference of the pool");
  }

  private static IllegalStateException closed() {
    return new IllegalStateException("the pool is closed");
  }

  /**
   * Plans and warms up every inference, so that the first real one pays for nothing. Waits for
   * those in use.
   *
   * @throws InferenceInterruptedException if the thread, which stays interrupted, would have to
   *     wait
   * @throws IllegalStateException if the pool is closed, before or while the thread waits
   */
  public void warmUp() {
    // Two that each have some of the permits would wait for each other.
    if (!warming.tryLock()) {
      try {
        warming.lockInterruptibly();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw interrupted();
      }
    }
    try {
      warmUpAll();
    } finally {
      warming.unlock();
    }
  }

  private void warmUpAll() {
    int size = idle.length();
    Lendable[] taken = new Lendable[size];
    int permit = 0;
    try {
      for (; permit < size; permit++) {
        takePermit(Long.MAX_VALUE);
      }
      for (int i = 0; i < size; i++) {
        taken[i] = take();
        taken[i].inference().warmUp();
      }
    } finally {
      for (Lendable lendable : taken) {
        if (lendable != null) {
          giveBack(lendable);
        }
      }
      for (; permit > 0; permit--) {
        permits.giveBack();
      }
    }
  }

  /** To be called by who has a permit. */
  private Lendable take() {
    while (!closed) {
      for (int i = 0; i < idle.length(); i++) {
        Lendable lendable = idle.get(i);
        if (lendable != null && idle.compareAndSet(i, lendable, null)) {
          return lendable;
        }
      }
      int left = unplanned.get();
      if (left > 0 && unplanned.compareAndSet(left, left - 1)) {
        return plan();
      }
      // Others took every inference that was seen, and gave back ones that had been passed already.
      Thread.onSpinWait();
    }
    throw closed();
  }

  private Lendable plan() {
    try {
      AtomicLong count = new AtomicLong();
      Lendable lendable = new Lendable(network.plan(options), count);
      synchronized (uses) {
        uses.add(count);
      }
      return lendable;
    } catch (RuntimeException | Error e) {
      unplanned.incrementAndGet();
      throw e;
    }
  }

  private void giveBack(Lendable lendable) {
    int place = 0;
    while (!idle.compareAndSet(place, null, lendable)) {
      place = (place + 1) % idle.length();
    }
    // A close that came before may have passed this place already.
    if (closed && idle.compareAndSet(place, lendable, null)) {
      lendable.inference().close();
    }
  }

  @Override
  public PoolCounts counts() {
    int size = idle.length();
    int left = permits.left();
    int used = size - Math.max(0, left);
    int planned = closed ? 0 : size - unplanned.get();
    long lent = 0;
    synchronized (uses) {
      for (AtomicLong count : uses) {
        lent += count.getAcquire();
      }
    }
    // Who has a permit but no inference yet will have one that is planned, or plan one.
    return new PoolCounts(
        size, used, Math.max(0, planned - used), Math.max(0, -left), lent, timedOut.get());
  }

  @Override
  public synchronized void addListener(PoolListener added) {
    Objects.requireNonNull(added, "listener");
    listener = listener == null ? added : new Both(listener, added);
  }

  /**
   * Closes idle inferences now, and those in use when they are given back. Threads that wait get an
   * {@link IllegalStateException} at once. A second close does nothing.
   */
  @Override
  public void close() {
    closed = true;
    permits.end();
    for (int i = 0; i < idle.length(); i++) {
      Lendable lendable = idle.getAndSet(i, null);
      if (lendable != null) {
        lendable.inference().close();
      }
    }
  }
}
