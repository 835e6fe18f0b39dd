package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.ResizeGradient;

/** Bilinear resize of maps, and its gradient. */
public final class ScalarResize {
  private ScalarResize() {}

  /** Two pixels of an axis, and the share of the second one. */
  private record Place(int low, int high, double share) {
    static Place of(long i, long size, long outSize, boolean corners) {
      double position =
          corners
              ? outSize == 1 ? 0 : (double) i * (size - 1) / (outSize - 1)
              : Math.max((i + 0.5) * size / outSize - 0.5, 0);
      int last = Math.toIntExact(size - 1);
      int low = Math.min((int) position, last);
      return new Place(low, Math.min(low + 1, last), position - (int) position);
    }
  }

  /** The four pixels that one of a result mixes. */
  private record Mixture(int[] pixels, double[] weights) {
    static Mixture of(Grid grid, Grid outGrid, boolean corners, long y, long x) {
      Place row = Place.of(y, grid.height(), outGrid.height(), corners);
      Place column = Place.of(x, grid.width(), outGrid.width(), corners);
      int width = Math.toIntExact(grid.width());
      int low = row.low * width;
      int high = row.high * width;
      return new Mixture(
          new int[] {low + column.low, low + column.high, high + column.low, high + column.high},
          new double[] {
            (1 - row.share) * (1 - column.share),
            (1 - row.share) * column.share,
            row.share * (1 - column.share),
            row.share * column.share
          });
    }
  }

  /**
   * Some pixels of a resized map.
   *
   * @param operation which
   * @param before what these pixels were, if the operation accumulates
   * @param places of the pixels, of every image
   * @return (batch, places, channels)
   */
  public static Values out(Resize operation, float[] before, int... places) {
    float[] x = Floats.of(operation.x());
    int channels = Math.toIntExact(operation.out().count());
    int side = operation.side();
    int depth = side * side * channels;
    Grid outGrid = operation.outGrid();
    int pixels = Math.toIntExact(operation.grid().pixels());
    int batch = x.length / (pixels * depth);
    Values out = new Values(batch * places.length * channels);
    for (int i = 0; i < batch * places.length; i++) {
      int place = places[i % places.length];
      for (int tap = 0; tap < side * side; tap++) {
        long row = place / outGrid.width() + tap / side - side / 2;
        long column = place % outGrid.width() + tap % side - side / 2;
        if (row < 0 || row >= outGrid.height() || column < 0 || column >= outGrid.width()) {
          continue;
        }
        Mixture mixture = Mixture.of(operation.grid(), outGrid, operation.corners(), row, column);
        for (int part = 0; part < 4; part++) {
          int pixel = i / places.length * pixels + mixture.pixels[part];
          for (int c = 0; c < channels; c++) {
            out.add(
                i * channels + c, mixture.weights[part] * x[pixel * depth + tap * channels + c]);
          }
        }
      }
    }
    for (int i = 0; operation.accumulate() != 0 && i < out.count(); i++) {
      out.add(i, (double) operation.accumulate() * before[i]);
    }
    out.activate(operation.activation());
    return out;
  }

  /**
   * The gradient of a resize.
   *
   * @param operation which
   * @param before what the gradient was, if the operation accumulates
   * @return (batch, pixels, channels)
   */
  public static Values gradient(ResizeGradient operation, float[] before) {
    float[] outGradient = Floats.of(operation.outGradient());
    int channels = Math.toIntExact(operation.outGradient().count());
    Grid outGrid = operation.outGrid();
    int pixels = Math.toIntExact(operation.grid().pixels());
    int outPixels = Math.toIntExact(outGrid.pixels());
    int batch = outGradient.length / (outPixels * channels);
    Values gradient = new Values(batch * pixels * channels);
    for (int i = 0; operation.accumulate() != 0 && i < gradient.count(); i++) {
      gradient.add(i, (double) operation.accumulate() * before[i]);
    }
    for (int i = 0; i < batch * outPixels; i++) {
      long place = i % outPixels;
      Mixture mixture =
          Mixture.of(
              operation.grid(),
              outGrid,
              operation.corners(),
              place / outGrid.width(),
              place % outGrid.width());
      for (int part = 0; part < 4; part++) {
        int pixel = i / outPixels * pixels + mixture.pixels[part];
        for (int c = 0; c < channels; c++) {
          gradient.add(pixel * channels + c, mixture.weights[part] * outGradient[i * channels + c]);
        }
      }
    }
    return gradient;
  }
}
