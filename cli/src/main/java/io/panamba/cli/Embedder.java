package io.panamba.cli;

import io.panamba.model.Inference;
import io.panamba.model.NonFiniteException;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Computes features batch by batch, while other threads read the images of the next batch. */
final class Embedder {
  /**
   * What was computed.
   *
   * @param paths of the images that have features
   * @param features of each
   */
  record Result(List<Path> paths, List<float[]> features) {}

  private record Pending(Path path, Tensor image, Future<?> read) {}

  private final Inference inference;
  private final ImageDecoder decoder = new ImageDecoder();
  private final ImageTransform transform;
  private final FailureLog failures;
  private final ProgressBar bar;
  private final Result result = new Result(new ArrayList<>(), new ArrayList<>());

  /**
   * Prepares for a run.
   *
   * @param inference gives features (batch, dim)
   * @param preprocessing of the network
   * @param failures told of images that are left out
   * @param bar told of every image
   */
  Embedder(Inference inference, Preprocessing preprocessing, FailureLog failures, ProgressBar bar) {
    this.inference = inference;
    InferenceOptions options = inference.options();
    this.transform = preprocessing.transform(options.height(), options.width());
    this.failures = failures;
    this.bar = bar;
  }

  /**
   * Embeds images; those that can't be read or have features that are no finite numbers are
   * reported and left out.
   */
  Result embed(List<Path> files) {
    int batch = inference.options().batch();
    Tensor input = inference.image();
    try (Arena arena = Arenas.shared();
        ExecutorService readers =
            Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      try {
        Tensor[] staging = {
          Tensor.allocate(arena, input.dtype(), input.shape()),
          Tensor.allocate(arena, input.dtype(), input.shape())
        };
        List<Pending> next = read(files, 0, staging[0], readers);
        for (int first = 0, turn = 1; first < files.size(); first += batch, turn ^= 1) {
          List<Pending> current = next;
          next = read(files, first + batch, staging[turn], readers);
          run(current);
        }
      } finally {
        readers.shutdownNow();
      }
    }
    return result;
  }

  private List<Pending> read(List<Path> files, int first, Tensor staging, ExecutorService readers) {
    int end = Math.min(files.size(), first + inference.options().batch());
    List<Pending> pending = new ArrayList<>();
    for (int i = first; i < end; i++) {
      Path file = files.get(i);
      Tensor image = staging.slice(i - first, 1);
      pending.add(
          new Pending(
              file, image, readers.submit(() -> transform.apply(decoder.decode(file), image))));
    }
    return pending;
  }

  private void run(List<Pending> images) {
    List<Path> ready = new ArrayList<>();
    for (Pending pending : images) {
      try {
        pending.read.get();
        inference.image().slice(ready.size(), 1).segment().copyFrom(pending.image.segment());
        ready.add(pending.path);
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof PanambaException cause)) {
          throw new IllegalStateException(pending.path + " can't be read", e.getCause());
        }
        failures.add(cause);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new PanambaException("interrupted", e);
      }
    }
    if (!ready.isEmpty()) {
      inference.run();
      for (int i = 0; i < ready.size(); i++) {
        Path path = ready.get(i);
        try {
          inference.requireFinite(i);
          result.paths.add(path);
          result.features.add(inference.features().slice(i, 1).toFloats());
        } catch (NonFiniteException e) {
          failures.add(new NonFiniteException(path + ": " + e.getMessage()));
        }
      }
    }
    bar.advance(images.size());
  }
}
