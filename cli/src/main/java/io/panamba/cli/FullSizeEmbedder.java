package io.panamba.cli;

import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.StreamedInference;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.image.ImageException;
import io.panamba.model.image.ImageSource;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Computes features of images at their own size, one after the other. */
final class FullSizeEmbedder {
  private final Network network;
  private final Optional<Path> folder;
  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean progress;

  /**
   * Prepares for a run.
   *
   * @param network gives one vector per image
   * @param folder for a temporary file, or empty for memory
   * @param out told of every image
   * @param err where progress goes
   * @param progress whether it is shown
   */
  FullSizeEmbedder(
      Network network, Optional<Path> folder, PrintWriter out, PrintWriter err, boolean progress) {
    this.network = network;
    this.folder = folder;
    this.out = out;
    this.err = err;
    this.progress = progress;
  }

  /**
   * Embeds an image.
   *
   * @throws ImageException if it can't be read or is smaller than a patch
   * @throws NonFiniteException if a feature is NaN or infinite; the message begins with the name
   */
  float[] embed(String name, ImageSource source) {
    int height = source.height();
    int width = source.width();
    try {
      network.config().withImage(new ImageSize(height, width));
    } catch (IllegalArgumentException e) {
      throw new ImageException(name + ": " + e.getMessage(), e);
    }
    StreamOptions options =
        new StreamOptions(height, width, false, StreamOptions.DEFAULT_TILE, folder);
    long start = System.nanoTime();
    try (StreamedInference inference = network.stream(options)) {
      long steps = inference.work();
      try (ProgressBar bar = new ProgressBar(err, progress, steps, System::nanoTime)) {
        long[] last = {0};
        inference.run(
            source,
            (done, _) -> {
              bar.advance(done - last[0]);
              last[0] = done;
            });
      }
      try {
        inference.requireFinite();
      } catch (NonFiniteException e) {
        throw new NonFiniteException(name + ": " + e.getMessage());
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      out.printf(
          Locale.ROOT,
          "%s: %d x %d pixels, %d tokens in %.1f s, %.1f us a token%n",
          name,
          height,
          width,
          inference.tokens(),
          seconds,
          seconds * 1e6 / inference.tokens());
      return inference.features().toFloats();
    }
  }
}
