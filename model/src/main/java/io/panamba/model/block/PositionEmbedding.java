package io.panamba.model.block;

import io.panamba.model.checkpoint.WeightsException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A trained position embedding, fitted to another grid: any rows of it, so that a long sequence
 * never needs all of them at a time. As torch's bicubic with align_corners=False: taps beyond the
 * border repeat it.
 */
public final class PositionEmbedding {
  private static final double A = -0.75;
  private static final int TAPS = 4;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Where the rows of a resampled axis come from. */
  private record Source(int[] taps, double[] weights) {
    /** Of row i of {@code size}, in an axis of {@code side} rows. */
    static Source of(int i, int size, int side) {
      double source = (i + 0.5) * ((double) side / size) - 0.5;
      int base = (int) Math.floor(source);
      double fraction = source - base;
      int[] taps = new int[TAPS];
      double[] weights = new double[TAPS];
      for (int tap = 0; tap < TAPS; tap++) {
        taps[tap] = Math.clamp(base - 1L + tap, 0, side - 1);
        weights[tap] = kernel(Math.abs(fraction + 1 - tap));
      }
      return new Source(taps, weights);
    }

    private static double kernel(double x) {
      return x <= 1
          ? ((A + 2) * x - (A + 3)) * x * x + 1
          : ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
    }
  }

  private final int dim;
  private final int height;
  private final int width;

  /** The class tokens' rows and their places in the sequence. */
  private final float[] extras;

  private final long[] extraPlaces;

  /** The rows of the trained grid, each resampled to the new width: (side, width, dim). */
  private final float[][] lines;

  /**
   * Fits an embedding to a grid.
   *
   * @param trained (tokens, dim) of a square grid with class tokens
   * @param dim columns of a row
   * @param classToken where the class tokens stand, before and after
   * @param height rows of the new grid
   * @param width columns of the new grid
   * @param mode which rows count as the class tokens'
   */
  public PositionEmbedding(
      float[] trained,
      int dim,
      ClassToken classToken,
      int height,
      int width,
      PositionInterpolation mode) {
    int count = classToken.count();
    int patches = trained.length / dim - count;
    int side = (int) Math.sqrt(patches);
    if (side * side != patches) {
      throw new WeightsException(
          "pos_embed has %d rows for patches, which is no square grid to resample"
              .formatted(patches));
    }
    if ((long) width * dim > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a grid of %d columns is too wide for an embedding of %d numbers a patch"
              .formatted(width, dim));
    }
    this.dim = dim;
    this.height = height;
    this.width = width;
    long[] places = extraPlaces(patches, classToken, mode);
    extraPlaces = extraPlaces((long) height * width, classToken, mode);
    extras = new float[count * dim];
    float[] grid = new float[patches * dim];
    int extra = 0;
    for (int row = 0; row < patches + count; row++) {
      if (extra < count && places[extra] == row) {
        System.arraycopy(trained, row * dim, extras, extra++ * dim, dim);
      } else {
        System.arraycopy(trained, row * dim, grid, (row - extra) * dim, dim);
      }
    }
    lines = new float[side][width * dim];
    for (int column = 0; column < width; column++) {
      Source source = Source.of(column, width, side);
      for (int row = 0; row < side; row++) {
        int[] from = new int[TAPS];
        for (int tap = 0; tap < TAPS; tap++) {
          from[tap] = (row * side + source.taps[tap]) * dim;
        }
        for (int i = 0; i < dim; i++) {
          lines[row][column * dim + i] =
              (float)
                  (source.weights[0] * grid[from[0] + i]
                      + source.weights[1] * grid[from[1] + i]
                      + source.weights[2] * grid[from[2] + i]
                      + source.weights[3] * grid[from[3] + i]);
        }
      }
    }
  }

  private static long[] extraPlaces(
      long patches, ClassToken classToken, PositionInterpolation mode) {
    long[] places = classToken.places(patches);
    if (mode == PositionInterpolation.REPO) {
      for (int i = 0; i < places.length; i++) {
        places[i] = i;
      }
    }
    return places;
  }

  /**
   * Returns the number of rows.
   *
   * @return tokens of the grid, class tokens included
   */
  public long tokens() {
    return (long) height * width + extraPlaces.length;
  }

  /**
   * Returns the width of a row.
   *
   * @return columns
   */
  public int dim() {
    return dim;
  }

  /**
   * Writes rows of the embedding.
   *
   * @param first the first token
   * @param out float32, (tokens, dim)
   */
  public void write(long first, Tensor out) {
    long end = first + out.shape().size(0);
    float[] line = new float[width * dim];
    int extra = 0;
    for (long token = first; token < end; ) {
      while (extra < extraPlaces.length && extraPlaces[extra] < token) {
        extra++;
      }
      long at = token - first;
      if (extra < extraPlaces.length && extraPlaces[extra] == token) {
        copy(extras, extra * dim, dim, out, at);
        token++;
        continue;
      }
      long patch = token - extra;
      int row = (int) (patch / width);
      int column = (int) (patch % width);
      long stop = extra < extraPlaces.length ? Math.min(end, extraPlaces[extra]) : end;
      int count = (int) Math.min(width - column, stop - token);
      resample(row, column * dim, (column + count) * dim, line);
      copy(line, column * dim, count * dim, out, at);
      token += count;
    }
  }

  private void copy(float[] from, int first, int count, Tensor out, long row) {
    MemorySegment.copy(from, first, out.segment(), FLOAT, row * dim * Float.BYTES, count);
  }

  /** Resamples a part of a row of the new grid. */
  private void resample(int row, int from, int to, float[] out) {
    Source source = Source.of(row, height, lines.length);
    float[] line0 = lines[source.taps[0]];
    float[] line1 = lines[source.taps[1]];
    float[] line2 = lines[source.taps[2]];
    float[] line3 = lines[source.taps[3]];
    double weight0 = source.weights[0];
    double weight1 = source.weights[1];
    double weight2 = source.weights[2];
    double weight3 = source.weights[3];
    for (int i = from; i < to; i++) {
      out[i] =
          (float)
              (weight0 * line0[i] + weight1 * line1[i] + weight2 * line2[i] + weight3 * line3[i]);
    }
  }
}
