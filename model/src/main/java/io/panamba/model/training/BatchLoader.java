package io.panamba.model.training;

import io.panamba.model.architecture.NetworkConfig;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/** Makes the pictures of one batch ready while the network works on another. */
final class BatchLoader implements AutoCloseable {
  private final Arena arena = Arenas.shared();
  private final ExecutorService executor;
  private final Tensor staging;

  /** The labels of each image of the batch under way. */
  private final int[][] labels;

  private final int batch;
  private final List<Future<?>> pending = new ArrayList<>();

  BatchLoader(NetworkConfig config, int batch, int threads) {
    this.batch = batch;
    labels = new int[batch][];
    staging =
        Tensor.allocate(
            arena,
            DType.F32,
            Shape.of(batch, config.colours(), config.image().height(), config.image().width()));
    executor =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().name("panamba-images-", 0).daemon().factory());
  }

  /** The most images at a time. */
  int batch() {
    return batch;
  }

  /** The images of the batch under way. */
  private Tensor image(int slot) {
    Shape shape = staging.shape();
    return staging.slice(slot, 1).reshape(Shape.of(shape.size(1), shape.size(2), shape.size(3)));
  }

  /**
   * Begins a batch. One that was begun before and not taken is waited for and forgotten.
   *
   * @param count of images, at most a batch of them
   * @param loads what reads the image of a slot
   */
  void begin(int count, IntFunction<Load> loads) {
    if (count > batch) {
      throw new IllegalArgumentException(count + " images for a batch of " + batch);
    }
    finish();
    for (int i = 0; i < count; i++) {
      int slot = i;
      Load load = loads.apply(slot);
      Tensor target = image(slot);
      pending.add(executor.submit(() -> labels[slot] = load.into(target)));
    }
  }

  /** Reads an image. */
  interface Load {
    /**
     * Writes normalised pixels.
     *
     * @param image (colours, height, width)
     * @return the image's labels
     */
    int[] into(Tensor image);
  }

  /**
   * Waits for the batch and copies it.
   *
   * @param images of the whole batch, of which the first are written
   * @return the labels of each image
   * @throws RuntimeException what the first image that failed failed with; nothing is copied then
   */
  int[][] take(Tensor images) {
    int count = pending.size();
    Throwable failure = finish();
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
    MemorySegment.copy(staging.segment(), 0, images.segment(), 0, staging.segment().byteSize());
    return Arrays.copyOf(labels, count);
  }

  /**
   * Waits for every image, as one that is late would be written into the next batch.
   *
   * @return the first failure, or null
   * @throws TrainingInterruptedException if the thread is interrupted; the images are still read
   */
  private Throwable finish() {
    Throwable first = null;
    for (Future<?> future : pending) {
      try {
        future.get();
      } catch (ExecutionException e) {
        first = first == null ? e.getCause() : first;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TrainingInterruptedException("interrupted while images are read", e);
      }
    }
    pending.clear();
    return first;
  }

  /** Waits for the batch. An interrupt does not end this wait, nor the one of {@link #take}. */
  void await() {
    boolean interrupted = false;
    for (Future<?> future : pending) {
      while (!future.isDone()) {
        try {
          future.get();
        } catch (ExecutionException _) {
          // To be thrown by who takes the batch.
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the images that are being read, one for each thread, and reads no others. */
  @Override
  public void close() {
    pending.forEach(future -> future.cancel(false));
    executor.close();
    arena.close();
  }
}
