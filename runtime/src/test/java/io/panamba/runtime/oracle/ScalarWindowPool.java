package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPoolGradient;

/** Means and maxima over windows of maps, and their gradients. */
public final class ScalarWindowPool {
  private ScalarWindowPool() {}

  /** Pixels of an axis, the last one not in it. */
  private record Range(int from, int to) {
    static Range of(WindowPool.Windows windows, long k, long size, long count) {
      if (windows.kind() == Pool.Kind.MAX) {
        int from = Math.toIntExact(k * windows.stride());
        return new Range(from, from + windows.side());
      }
      return new Range(
          Math.toIntExact(k * size / count), Math.toIntExact(Math.ceilDiv((k + 1) * size, count)));
    }
  }

  /** The places of the pixels of a window, row by row. */
  private static int[] window(WindowPool.Windows windows, Grid grid, long y, long x) {
    Grid over = windows.over(grid);
    Range rows = Range.of(windows, y, grid.height(), over.height());
    Range columns = Range.of(windows, x, grid.width(), over.width());
    int width = columns.to - columns.from;
    int[] places = new int[(rows.to - rows.from) * width];
    for (int i = 0; i < places.length; i++) {
      int row = rows.from + i / width;
      places[i] = row * Math.toIntExact(grid.width()) + columns.from + i % width;
    }
    return places;
  }

  /**
   * A pooling. A maximum is one of the inputs, exactly.
   *
   * @param operation which
   * @return (batch, windows, channels)
   */
  public static Values out(WindowPool operation) {
    float[] x = Floats.of(operation.x());
    Grid grid = operation.grid();
    Grid over = operation.windows().over(grid);
    int channels = Math.toIntExact(operation.x().count());
    int pixels = Math.toIntExact(grid.pixels());
    int windows = Math.toIntExact(over.pixels());
    boolean max = operation.windows().kind() == Pool.Kind.MAX;
    Values out = new Values(x.length / pixels * windows);
    for (int i = 0; i < out.count() / channels; i++) {
      int window = i % windows;
      int[] places =
          window(operation.windows(), grid, window / over.width(), window % over.width());
      for (int c = 0; c < channels; c++) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int place : places) {
          float value = x[(i / windows * pixels + place) * channels + c];
          if (!max) {
            out.add(i * channels + c, (double) value / places.length);
          }
          largest = Math.max(largest, value);
        }
        if (max) {
          out.set(i * channels + c, largest, 0);
        }
      }
    }
    return out;
  }

  /**
   * The gradient of a pooling.
   *
   * @param operation which
   * @return (batch, pixels, channels)
   */
  public static Values gradient(WindowPoolGradient operation) {
    float[] x = Floats.of(operation.x());
    float[] outGradient = Floats.of(operation.outGradient());
    Grid grid = operation.grid();
    Grid over = operation.windows().over(grid);
    int channels = Math.toIntExact(operation.xGradient().shape().size(2));
    int pixels = Math.toIntExact(grid.pixels());
    int windows = Math.toIntExact(over.pixels());
    Values gradient = new Values(Math.toIntExact(operation.xGradient().shape().elements()));
    for (int i = 0; i < outGradient.length; i++) {
      int window = i / channels % windows;
      int[] places =
          window(operation.windows(), grid, window / over.width(), window % over.width());
      int first = i / (channels * windows) * pixels * channels + i % channels;
      if (x == null) {
        for (int place : places) {
          gradient.add(first + place * channels, (double) outGradient[i] / places.length);
        }
        continue;
      }
      int largest = first + places[0] * channels;
      for (int place : places) {
        int other = first + place * channels;
        if (x[other] > x[largest] || (Float.isNaN(x[other]) && !Float.isNaN(x[largest]))) {
          largest = other;
        }
      }
      gradient.add(largest, outGradient[i]);
    }
    return gradient;
  }
}
