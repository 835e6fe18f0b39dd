package io.panamba.model;

import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.architecture.StreamedProgram;
import io.panamba.model.image.ImageSource;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.InferenceInterruptedException;
import io.panamba.runtime.Tensor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A network planned for one image that may be larger than memory: it comes by rows, and passes the
 * layers a part at a time. What is needed of the whole image lies in memory or in a temporary file.
 * Results have the bits of an {@link Inference} of the image.
 *
 * <p>One thread runs it at a time; any thread may close it.
 */
public final class StreamedInference implements AutoCloseable {
  /** Told how far a run is, by the thread that runs, after every tile. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Takes note.
     *
     * @param done tokens that have passed a layer, over all layers
     * @param total of them
     */
    void advanced(long done, long total);
  }

  private final StreamedProgram program;
  private final StreamOptions options;
  private final CountingArena arena;
  private final ReentrantLock running = new ReentrantLock();
  private volatile boolean closing;
  private long done;

  StreamedInference(StreamedProgram program, StreamOptions options, CountingArena arena) {
    this.program = program;
    this.options = options;
    this.arena = arena;
  }

  /**
   * Returns what this was planned for.
   *
   * @return the options
   */
  public StreamOptions options() {
    return options;
  }

  /**
   * Returns the length of the sequence.
   *
   * @return tokens
   */
  public long tokens() {
    return program.tokens();
  }

  /**
   * Returns the work of a run: what {@link Progress} counts to.
   *
   * @return tokens times layers
   */
  public long work() {
    return program.work();
  }

  /**
   * Runs the network.
   *
   * @param source an image of the size that this was planned for
   * @param listener told how far the run is
   * @throws io.panamba.model.image.ImageException if the image has another size or can't be read
   * @throws InferenceInterruptedException if the thread is interrupted, which it stays, or this is
   *     closed meanwhile
   * @throws IllegalStateException if this is closed or another thread runs it
   */
  public void run(ImageSource source, Progress listener) {
    if (!running.tryLock()) {
      throw new IllegalStateException("the inference is being run by another thread");
    }
    try {
      if (closing) {
        throw new IllegalStateException("the inference is closed");
      }
      requireSize(source);
      done = 0;
      program.run(
          source,
          work -> {
            if (work > done) {
              done = work;
              listener.advanced(done, work());
            }
            requireUndisturbed();
          });
    } finally {
      if (closing) {
        arena.close();
      }
      running.unlock();
    }
  }

  private void requireSize(ImageSource source) {
    if (source.height() != options.height() || source.width() != options.width()) {
      throw new io.panamba.model.image.ImageException(
          "the inference was planned for an image of %d x %d, not %d x %d"
              .formatted(options.height(), options.width(), source.height(), source.width()));
    }
  }

  private void requireUndisturbed() {
    if (closing || Thread.currentThread().isInterrupted()) {
      throw new InferenceInterruptedException(
          "the inference was %s after %d of %d tokens"
              .formatted(closing ? "closed" : "interrupted", done, work()));
    }
  }

  /**
   * Returns the features of the last run: what the head sees.
   *
   * @return (1, dim)
   */
  public Tensor features() {
    return program.features();
  }

  /**
   * Returns the logits of the last run.
   *
   * @return (1, classes)
   * @throws IllegalStateException if they were not asked for
   */
  public Tensor logits() {
    if (program.logits() == null) {
      throw new IllegalStateException("logits were not asked for when the inference was planned");
    }
    return program.logits();
  }

  /**
   * Checks the features and logits of the last run. A run itself checks nothing.
   *
   * @throws NonFiniteException if a number is NaN or infinite; the message names the tensor
   */
  public void requireFinite() {
    if (program.logits() != null) {
      NonFiniteException.checkResults("logits", program.logits());
    }
    NonFiniteException.checkResults("features", program.features());
  }

  /**
   * Returns the memory that this inference takes beside the weights, a temporary file excluded.
   *
   * @return bytes
   */
  public long workspaceBytes() {
    return arena.bytes();
  }

  /**
   * Frees memory and temporary file; waits for a run that is under way, which ends early. A second
   * close does nothing.
   */
  @Override
  public void close() {
    closing = true;
    if (running.isHeldByCurrentThread()) {
      // Called by the run's own progress: the run frees when it ends.
      return;
    }
    running.lock();
    try {
      arena.close();
    } finally {
      running.unlock();
    }
  }
}
