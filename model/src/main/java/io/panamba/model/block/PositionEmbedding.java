package io.panamba.model.block;

import io.panamba.model.checkpoint.WeightsException;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A trained position embedding, fitted to another grid: any rows of it, so that a long sequence
 * never needs all of them at a time. Beside the patches' rows it may have rows of extra tokens,
 * such as class tokens, which stay as they are. Immutable.
 */
public final class PositionEmbedding {
  /** Numbers that are summed at a time, in double precision. */
  private static final int PIECE = 1024;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final int dim;
  private final int height;
  private final int width;
  private final Resampling resampling;

  /** The extra tokens' rows and their places in the sequence. */
  private final float[] extras;

  private final long[] places;

  /** The rows of the trained grid, each resampled to the new width: (side, width * dim). */
  private final float[][] lines;

  /**
   * Fits an embedding to a grid.
   *
   * @param trained (rows, dim): those of a square grid, row by row, and between them those of the
   *     extra tokens
   * @param dim columns of a row
   * @param extraRows which rows are the extra tokens', ascending; none if the embedding has none
   *     for them (DeiT III adds it before there are any): then their rows here are zeros
   * @param places of the extra tokens in the new sequence, ascending
   * @param height rows of the new grid
   * @param width columns of the new grid
   * @param resampling how the grid is fitted
   * @throws WeightsException if the other rows are no square grid
   */
  public PositionEmbedding(
      float[] trained,
      int dim,
      long[] extraRows,
      long[] places,
      int height,
      int width,
      Resampling resampling) {
    if (extraRows.length != 0 && extraRows.length != places.length) {
      throw new IllegalArgumentException(
          "%d rows of extra tokens for %d places".formatted(extraRows.length, places.length));
    }
    int patches = trained.length / dim - extraRows.length;
    int side = (int) Math.sqrt(patches);
    if (side < 1 || side * side != patches) {
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
    this.places = places.clone();
    this.resampling = resampling;
    extras = new float[places.length * dim];
    // Where each patch's row begins: rows of extra tokens before it push it back.
    int[] starts = new int[patches];
    int extra = 0;
    for (int row = 0; row < patches + extraRows.length; row++) {
      if (extra < extraRows.length && extraRows[extra] == row) {
        System.arraycopy(trained, row * dim, extras, extra++ * dim, dim);
      } else {
        starts[row - extra] = row * dim;
      }
    }
    lines = new float[side][width * dim];
    double[] sums = new double[Math.min(PIECE, dim)];
    for (int column = 0; column < width; column++) {
      Resampling.Taps taps = resampling.taps(column, width, side);
      float[][] from = new float[taps.places().length][];
      Arrays.fill(from, trained);
      int[] offsets = new int[from.length];
      for (int row = 0; row < side; row++) {
        for (int tap = 0; tap < offsets.length; tap++) {
          offsets[tap] = starts[row * side + taps.places()[tap]];
        }
        mix(taps.weights(), from, offsets, dim, sums, lines[row], column * dim);
      }
    }
  }

  /**
   * Returns the number of rows.
   *
   * @return tokens of the grid, extra tokens included
   */
  public long tokens() {
    return (long) height * width + places.length;
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
   * Returns the whole embedding.
   *
   * @return its rows, one after the other
   */
  public float[] toFloats() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor all = Tensor.allocate(arena, DType.F32, Shape.of(tokens(), dim));
      write(0, all);
      return all.toFloats();
    }
  }

  /**
   * Returns the rows of the grid alone.
   *
   * @return (height * width, dim), without rows of extra tokens
   */
  public float[] patches() {
    float[] all = toFloats();
    float[] patches = new float[Math.multiplyExact(height * width, dim)];
    int extra = 0;
    for (int row = 0; row < tokens(); row++) {
      if (extra < places.length && places[extra] == row) {
        extra++;
      } else {
        System.arraycopy(all, row * dim, patches, (row - extra) * dim, dim);
      }
    }
    return patches;
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
      while (extra < places.length && places[extra] < token) {
        extra++;
      }
      long at = token - first;
      if (extra < places.length && places[extra] == token) {
        copy(extras, extra * dim, dim, out, at);
        token++;
        continue;
      }
      long patch = token - extra;
      int row = (int) (patch / width);
      int column = (int) (patch % width);
      long stop = extra < places.length ? Math.min(end, places[extra]) : end;
      int count = (int) Math.min(width - column, stop - token);
      resample(row, column * dim, count * dim, line);
      copy(line, column * dim, count * dim, out, at);
      token += count;
    }
  }

  private void copy(float[] from, int first, int count, Tensor out, long row) {
    MemorySegment.copy(from, first, out.segment(), FLOAT, row * dim * Float.BYTES, count);
  }

  /** Resamples a part of a row of the new grid. */
  private void resample(int row, int first, int count, float[] out) {
    Resampling.Taps taps = resampling.taps(row, height, lines.length);
    float[][] from = new float[taps.places().length][];
    int[] offsets = new int[from.length];
    for (int tap = 0; tap < from.length; tap++) {
      from[tap] = lines[taps.places()[tap]];
      offsets[tap] = first;
    }
    mix(taps.weights(), from, offsets, count, new double[Math.min(PIECE, count)], out, first);
  }

  /**
   * Adds up in double precision: {@code out[at + i]} is the sum over taps of {@code weights[tap] *
   * from[tap][offsets[tap] + i]}, from the first tap to the last.
   *
   * @param sums for some numbers at a time
   */
  private static void mix(
      double[] weights,
      float[][] from,
      int[] offsets,
      int count,
      double[] sums,
      float[] out,
      int at) {
    for (int first = 0; first < count; first += sums.length) {
      int piece = Math.min(sums.length, count - first);
      for (int tap = 0; tap < weights.length; tap++) {
        double weight = weights[tap];
        float[] source = from[tap];
        int offset = offsets[tap] + first;
        for (int i = 0; i < piece; i++) {
          double term = weight * source[offset + i];
          sums[i] = tap == 0 ? term : sums[i] + term;
        }
      }
      for (int i = 0; i < piece; i++) {
        out[at + first + i] = (float) sums[i];
      }
    }
  }
}
