package io.panamba.model;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;

/**
 * A bounded number of inferences for any number of threads. They are planned when first needed and
 * kept. A thread that finds all of them in use waits for its turn; turns come in the order of
 * arrival. Borrowing takes no lock unless there is none to borrow, and allocates nothing.
 */
public final class InferencePool implements AutoCloseable {
  private final Vim vim;
  private final InferenceOptions options;
  private final Turns turns;

  /** Who has a turn finds an inference here, or else may plan one. */
  private final AtomicReferenceArray<Inference> idle;

  private final AtomicInteger unplanned;
  private volatile boolean closed;

  /**
   * Creates a pool; nothing is planned yet.
   *
   * @param vim the network, which has to outlive the pool
   * @param options what each inference is planned for
   * @param size most inferences at a time, at least 1
   */
  public InferencePool(Vim vim, InferenceOptions options, int size) {
    if (size < 1) {
      throw new IllegalArgumentException("a pool has at least one inference, not " + size);
    }
    this.vim = vim;
    this.options = options;
    this.turns = new Turns(size);
    this.idle = new AtomicReferenceArray<>(size);
    this.unplanned = new AtomicInteger(size);
  }

  /**
   * Lends an inference to the calling thread while {@code use} runs.
   *
   * @param <T> what is made of it
   * @param use writes the image, runs, reads results; it must not keep the inference or its
   *     tensors, and not use this pool
   * @return what {@code use} returned
   * @throws IllegalStateException if the pool is closed
   */
  public <T> T use(Function<? super Inference, ? extends T> use) {
    turns.take();
    try {
      Inference inference = take();
      try {
        return use.apply(inference);
      } finally {
        giveBack(inference);
      }
    } finally {
      turns.giveBack();
    }
  }

  /**
   * Plans and warms up every inference, so that the first real one pays for nothing. Waits for
   * those in use.
   *
   * @throws IllegalStateException if the pool is closed
   */
  public synchronized void warmUp() {
    int size = idle.length();
    Inference[] taken = new Inference[size];
    int turn = 0;
    try {
      for (; turn < size; turn++) {
        turns.take();
      }
      for (int i = 0; i < size; i++) {
        taken[i] = take();
        taken[i].warmUp();
      }
    } finally {
      for (Inference inference : taken) {
        if (inference != null) {
          giveBack(inference);
        }
      }
      for (; turn > 0; turn--) {
        turns.giveBack();
      }
    }
  }

  /** To be called by who has a turn. */
  private Inference take() {
    while (!closed) {
      for (int i = 0; i < idle.length(); i++) {
        Inference inference = idle.get(i);
        if (inference != null && idle.compareAndSet(i, inference, null)) {
          return inference;
        }
      }
      int left = unplanned.get();
      if (left > 0 && unplanned.compareAndSet(left, left - 1)) {
        return plan();
      }
      // Others came first to every inference that was seen, and gave theirs back behind our back.
      Thread.onSpinWait();
    }
    throw new IllegalStateException("the pool is closed");
  }

  private Inference plan() {
    try {
      return vim.plan(options);
    } catch (RuntimeException | Error e) {
      unplanned.incrementAndGet();
      throw e;
    }
  }

  private void giveBack(Inference inference) {
    int place = 0;
    while (!idle.compareAndSet(place, null, inference)) {
      place = (place + 1) % idle.length();
    }
    // A close that came before may have passed this place already.
    if (closed && idle.compareAndSet(place, inference, null)) {
      inference.close();
    }
  }

  /**
   * Closes idle inferences now, and those in use when they are given back. Threads that wait get an
   * {@link IllegalStateException} when their turn comes. A second close does nothing.
   */
  @Override
  public void close() {
    closed = true;
    for (int i = 0; i < idle.length(); i++) {
      Inference inference = idle.getAndSet(i, null);
      if (inference != null) {
        inference.close();
      }
    }
  }
}
