package io.panamba.model.windows;

import io.panamba.model.segmentation.LabelMap;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Chooses a class for every pixel of an image: logits are resized to its size bilinearly, and the
 * highest one wins, of equal ones that of the lower index. NaN never wins.
 *
 * <p>Where the four neighbours of a pixel agree on a class, it is the pixel's too, since each of
 * its logits is a mean of theirs with the same weights; only elsewhere are all classes compared.
 */
public final class PixelLabels {
  private final WindowedLogits logits;
  private final int width;
  private final BilinearAxis down;
  private final BilinearAxis across;
  private final short[] labels;

  private PixelLabels(WindowedLogits logits, int height, int width) {
    this.logits = logits;
    this.width = width;
    this.down = BilinearAxis.of(logits.height(), height);
    this.across = BilinearAxis.of(logits.width(), width);
    this.labels = new short[height * width];
  }

  /**
   * Chooses.
   *
   * @param logits of the resized image
   * @param height of the image in pixels
   * @param width of the image in pixels
   * @param threads how many share the work; if more than one, they read the logits' memory too
   * @return a class for every pixel, the same for any number of threads
   * @throws IllegalArgumentException if the image is empty or has more than 2^31 - 1 pixels, there
   *     are too many classes, or no threads
   */
  public static LabelMap of(WindowedLogits logits, int height, int width, int threads) {
    if (height < 1
        || width < 1
        || (long) height * width > Integer.MAX_VALUE - 8
        || logits.classes() > LabelMap.MAX_CLASSES
        || threads < 1) {
      throw new IllegalArgumentException(
          "no %d threads make labels for %d x %d pixels of %d classes"
              .formatted(threads, width, height, logits.classes()));
    }
    PixelLabels result = new PixelLabels(logits, height, width);
    if (threads == 1) {
      result.fill(0, height);
    } else {
      result.share(height, threads);
    }
    return LabelMap.of(height, width, logits.classes(), result.labels);
  }

  private void share(int height, int threads) {
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> bands = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int from = (int) ((long) height * i / threads);
        int to = (int) ((long) height * (i + 1) / threads);
        bands.add(executor.submit(() -> fill(from, to)));
      }
      for (Future<?> band : bands) {
        band.get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("labels could not be made", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while labels were made", e);
    }
  }

  private void fill(int from, int to) {
    WindowedLogits.Rows rows = logits.rows();
    Line upper = new Line();
    Line lower = new Line();
    float[] pixel = new float[logits.classes()];
    for (int y = from; y < to; y++) {
      if (lower.y == down.low()[y]) {
        Line other = upper;
        upper = lower;
        lower = other;
      }
      upper.read(rows, down.low()[y]);
      if (down.high()[y] == down.low()[y]) {
        fill(y, upper, upper, pixel);
      } else {
        lower.read(rows, down.high()[y]);
        fill(y, upper, lower, pixel);
      }
    }
  }

  private void fill(int y, Line upper, Line lower, float[] pixel) {
    float rowPart = down.part()[y];
    for (int x = 0; x < width; x++) {
      int low = across.low()[x];
      int high = across.high()[x];
      int best = upper.best[low];
      if (best != upper.best[high] || best != lower.best[low] || best != lower.best[high]) {
        int left = low * pixel.length;
        int right = high * pixel.length;
        mix(upper.values, lower.values, left, right, across.part()[x], rowPart, pixel);
        best = best(pixel, 0, pixel.length);
      }
      labels[y * width + x] = (short) best;
    }
  }

  private static void mix(
      float[] upper, float[] lower, int left, int right, float part, float rowPart, float[] out) {
    float rest = 1 - part;
    float rowRest = 1 - rowPart;
    for (int k = 0; k < out.length; k++) {
      out[k] =
          rowRest * (rest * upper[left + k] + part * upper[right + k])
              + rowPart * (rest * lower[left + k] + part * lower[right + k]);
    }
  }

  private static int best(float[] values, int from, int count) {
    int best = 0;
    float highest = Float.NEGATIVE_INFINITY;
    for (int k = 0; k < count; k++) {
      if (values[from + k] > highest) {
        highest = values[from + k];
        best = k;
      }
    }
    return best;
  }

  /** A row of the map of logits, and the best class of each of its pixels. */
  private final class Line {
    private final float[] values = new float[logits.width() * logits.classes()];
    private final int[] best = new int[logits.width()];
    private int y = -1;

    void read(WindowedLogits.Rows rows, int row) {
      if (y == row) {
        return;
      }
      y = row;
      rows.read(row, values);
      for (int x = 0; x < best.length; x++) {
        best[x] = best(values, x * logits.classes(), logits.classes());
      }
    }
  }
}
