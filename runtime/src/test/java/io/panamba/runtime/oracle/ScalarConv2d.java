package io.panamba.runtime.oracle;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.PlanarConv2d;
import java.util.stream.IntStream;

/** Two-dimensional convolutions, and the gradient of their weight. */
public final class ScalarConv2d {
  private ScalarConv2d() {}

  /** Images as pixels, and what goes over them; the weight is (taps, columns, channels). */
  private record Images(
      float[] pixels, Grid grid, int channels, float[] weight, Kernel kernel, boolean transposed) {
    /** Where a tap reads of the place of a result, along one axis, or -1 outside of the image. */
    private int source(long place, int tap, long side) {
      long source;
      if (transposed) {
        long shifted = place + kernel.padding() - tap;
        source = shifted % kernel.stride() == 0 ? shifted / kernel.stride() : -1;
      } else {
        source = place * kernel.stride() + tap - kernel.padding();
      }
      return source < side ? Math.toIntExact(Math.max(-1, source)) : -1;
    }

    /** The element that a tap reads of pixel (y, x) of a result, its first channel; or -1. */
    int source(int image, long y, long x, int tap) {
      int row = source(y, tap / kernel.width(), grid.height());
      int column = source(x, tap % kernel.width(), grid.width());
      int first = image * Math.toIntExact(grid.pixels());
      int width = Math.toIntExact(grid.width());
      return row < 0 || column < 0 ? -1 : (first + row * width + column) * channels;
    }

    /** Adds the terms of all columns of a pixel of a result. */
    void add(Values out, int first, int columns, int image, long y, long x) {
      for (int tap = 0; tap < kernel.taps(); tap++) {
        int source = source(image, y, x, tap);
        for (int i = 0; source >= 0 && i < columns * channels; i++) {
          float w = weight[tap * columns * channels + i];
          out.add(first + i / channels, (double) w * pixels[source + i % channels]);
        }
      }
    }

    /** The sums of some pixels of every image. */
    Values sums(float[] bias, int columns, Grid outGrid, int... places) {
      int batch = pixels.length / (channels * Math.toIntExact(grid.pixels()));
      Values out = new Values(batch * places.length * columns);
      for (int i = 0; i < batch * places.length; i++) {
        int place = places[i % places.length];
        for (int column = 0; column < columns; column++) {
          out.add(i * columns + column, Floats.at(bias, column));
        }
        add(
            out,
            i * columns,
            columns,
            i / places.length,
            place / outGrid.width(),
            place % outGrid.width());
      }
      return out;
    }
  }

  /**
   * Some pixels of a convolution, transposed or not.
   *
   * @param operation which
   * @param weight what its matrices were packed from, (taps, columns, channels)
   * @param before what these pixels were, if the operation accumulates
   * @param places of the pixels, of every image
   * @return (batch, places, columns)
   */
  public static Values out(Conv2d operation, float[] weight, float[] before, int... places) {
    Images images =
        new Images(
            Floats.of(operation.input()),
            operation.grid(),
            Math.toIntExact(operation.input().count()),
            weight,
            operation.kernel(),
            operation.transposed());
    int columns = Math.toIntExact(operation.weight().columns());
    Values out = images.sums(Floats.of(operation.bias()), columns, operation.outGrid(), places);
    for (int i = 0; operation.accumulate() != 0 && i < out.count(); i++) {
      out.add(i, (double) operation.accumulate() * before[i]);
    }
    out.activate(operation.activation());
    return out;
  }

  /**
   * Some pixels of a convolution of planes.
   *
   * @param operation which
   * @param weight what its matrix was packed from, (columns, colours, taps)
   * @param places of the pixels, of every image
   * @return (batch, places, columns)
   */
  public static Values out(PlanarConv2d operation, float[] weight, int... places) {
    Shape shape = operation.image().shape();
    Grid grid = new Grid(shape.size(2), shape.size(3));
    int colours = Math.toIntExact(shape.size(1));
    int taps = operation.kernel().taps();
    int columns = Math.toIntExact(operation.weight().columns());
    float[] pixels =
        exchanged(Floats.of(operation.image()), colours, Math.toIntExact(grid.pixels()));
    if (operation.weight().dtype() == DType.BF16) {
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = Floats.toBfloat(pixels[i]);
      }
    }
    float[] byTap = exchanged(weight, columns * colours, taps);
    Values out =
        new Images(pixels, grid, colours, byTap, operation.kernel(), false)
            .sums(Floats.of(operation.bias()), columns, operation.kernel().over(grid), places);
    out.activate(operation.activation());
    return out;
  }

  /** (outer, rows, columns) with its last two axes exchanged. */
  private static float[] exchanged(float[] values, int rows, int columns) {
    float[] out = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int row = i / columns % rows;
      int outer = i / (columns * rows);
      out[(outer * columns + i % columns) * rows + row] = values[i];
    }
    return out;
  }

  /**
   * All places of a grid.
   *
   * @param grid which
   * @return from 0
   */
  public static int[] places(Grid grid) {
    return IntStream.range(0, Math.toIntExact(grid.pixels())).toArray();
  }

  /**
   * Some columns of the gradient of the weight.
   *
   * @param operation which
   * @param before what these columns were, if the operation accumulates
   * @param first of the columns
   * @param count how many
   * @return (taps, channels, count)
   */
  public static Values gradient(Conv2dGradient operation, float[] before, int first, int count) {
    Kernel kernel = operation.kernel();
    Grid outGrid = kernel.over(operation.grid());
    float[] outGradient = Floats.of(operation.outGradient());
    int channels = Math.toIntExact(operation.input().shape().size(2));
    int columns = Math.toIntExact(operation.outGradient().shape().size(2));
    int places = Math.toIntExact(outGrid.pixels());
    Images images =
        new Images(Floats.of(operation.input()), operation.grid(), channels, null, kernel, false);
    Values out = new Values(kernel.taps() * channels * count);
    for (int pixel = 0; pixel < outGradient.length / columns; pixel++) {
      int place = pixel % places;
      for (int tap = 0; tap < kernel.taps(); tap++) {
        int source =
            images.source(pixel / places, place / outGrid.width(), place % outGrid.width(), tap);
        for (int i = 0; source >= 0 && i < channels * count; i++) {
          float gradient = outGradient[pixel * columns + first + i % count];
          out.add(
              tap * channels * count + i, (double) images.pixels[source + i / count] * gradient);
        }
      }
    }
    for (int i = 0; operation.accumulate() != 0 && i < out.count(); i++) {
      out.add(i, (double) operation.accumulate() * before[i]);
    }
    return out;
  }
}
