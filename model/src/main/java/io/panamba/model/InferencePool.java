package io.panamba.model;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/**
 * A bounded number of inferences for any number of threads. They are planned when first needed and
 * kept. A thread that finds all of them in use waits for its turn.
 */
public final class InferencePool implements AutoCloseable {
  private final Vim vim;
  private final InferenceOptions options;
  private final int size;
  private final Semaphore turns;
  private final Deque<Inference> idle = new ArrayDeque<>();
  private boolean closed;

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
    this.size = size;
    this.turns = new Semaphore(size);
  }

  /**
   * Lends an inference to the calling thread while {@code use} runs.
   *
   * @param <T> what is made of it
   * @param use writes the image, runs, reads results; it must not keep the inference or its tensors
   * @return what {@code use} returned
   * @throws IllegalStateException if the pool is closed
   */
  public <T> T use(Function<? super Inference, ? extends T> use) {
    turns.acquireUninterruptibly();
    try {
      Inference inference = take();
      try {
        return use.apply(inference);
      } finally {
        giveBack(inference);
      }
    } finally {
      turns.release();
    }
  }

  /** Plans and warms up every inference, so that the first real one pays for nothing. */
  public void warmUp() {
    turns.acquireUninterruptibly(size);
    try {
      Deque<Inference> taken = new ArrayDeque<>();
      try {
        for (int i = 0; i < size; i++) {
          Inference inference = take();
          taken.push(inference);
          inference.warmUp();
        }
      } finally {
        taken.forEach(this::giveBack);
      }
    } finally {
      turns.release(size);
    }
  }

  private Inference take() {
    synchronized (idle) {
      if (closed) {
        throw new IllegalStateException("the pool is closed");
      }
      if (!idle.isEmpty()) {
        return idle.pop();
      }
    }
    return vim.plan(options);
  }

  private void giveBack(Inference inference) {
    synchronized (idle) {
      if (!closed) {
        idle.push(inference);
        return;
      }
    }
    inference.close();
  }

  /**
   * Closes idle inferences now, and those in use when they are given back. A second close does
   * nothing.
   */
  @Override
  public void close() {
    synchronized (idle) {
      closed = true;
      idle.forEach(Inference::close);
      idle.clear();
    }
  }
}
