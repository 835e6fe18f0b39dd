package io.panamba.model;

import java.util.function.IntToDoubleFunction;

/** Fits a position embedding to another grid. */
final class PositionEmbedding {
  private static final double A = -0.75;

  private PositionEmbedding() {}

  /**
   * Resamples an embedding.
   *
   * @param rows (tokens, dim) of a square grid with class tokens
   * @param dim columns of a row
   * @param classToken where the class tokens stand, before and after
   * @param height rows of the new grid
   * @param width columns of the new grid
   * @param mode which rows count as the class tokens'
   * @return (height * width + class tokens, dim)
   */
  static float[] resample(
      float[] rows,
      int dim,
      ClassToken classToken,
      int height,
      int width,
      PositionInterpolation mode) {
    int extra = classToken.count();
    int patches = rows.length / dim - extra;
    int side = (int) Math.sqrt(patches);
    if (side * side != patches) {
      throw new WeightsException(
          "pos_embed has %d rows for patches, which is no square grid to resample"
              .formatted(patches));
    }
    boolean[] isExtra = extraRows(patches, classToken, mode);
    float[] grid = new float[patches * dim];
    float[] extras = new float[extra * dim];
    int gridRow = 0;
    int extraRow = 0;
    for (int row = 0; row < isExtra.length; row++) {
      if (isExtra[row]) {
        System.arraycopy(rows, row * dim, extras, extraRow++ * dim, dim);
      } else {
        System.arraycopy(rows, row * dim, grid, gridRow++ * dim, dim);
      }
    }
    float[] resampled = bicubic(grid, side, dim, height, width);
    boolean[] isNewExtra = extraRows(height * width, classToken, mode);
    float[] out = new float[isNewExtra.length * dim];
    gridRow = 0;
    extraRow = 0;
    for (int row = 0; row < isNewExtra.length; row++) {
      if (isNewExtra[row]) {
        System.arraycopy(extras, extraRow++ * dim, out, row * dim, dim);
      } else {
        System.arraycopy(resampled, gridRow++ * dim, out, row * dim, dim);
      }
    }
    return out;
  }

  private static boolean[] extraRows(
      int patches, ClassToken classToken, PositionInterpolation mode) {
    boolean[] extra = new boolean[Math.addExact(patches, classToken.count())];
    long[] places = classToken.places(patches);
    for (int i = 0; i < places.length; i++) {
      extra[mode == PositionInterpolation.ALIGNED ? (int) places[i] : i] = true;
    }
    return extra;
  }

  /** As torch's bicubic with align_corners=False: taps beyond the border repeat it. */
  private static float[] bicubic(float[] grid, int side, int dim, int height, int width) {
    float[] columns = resampleAxis(grid, side, side, dim, width);
    return resampleRows(columns, side, width * dim, height);
  }

  private static float[] resampleAxis(float[] grid, int rows, int side, int dim, int width) {
    float[] out = new float[Math.multiplyExact(Math.multiplyExact(rows, width), dim)];
    for (int row = 0; row < rows; row++) {
      float[] line = java.util.Arrays.copyOfRange(grid, row * side * dim, (row + 1) * side * dim);
      System.arraycopy(
          resampleRows(line, side, dim, width), 0, out, row * width * dim, width * dim);
    }
    return out;
  }

  /** Resamples the outer axis of (side, columns) to (size, columns). */
  private static float[] resampleRows(float[] rows, int side, int columns, int size) {
    float[] out = new float[Math.multiplyExact(size, columns)];
    double scale = (double) side / size;
    for (int i = 0; i < size; i++) {
      double source = (i + 0.5) * scale - 0.5;
      int base = (int) Math.floor(source);
      double fraction = source - base;
      int[] taps = new int[4];
      double[] weights = new double[4];
      for (int tap = 0; tap < 4; tap++) {
        taps[tap] = Math.clamp(base - 1L + tap, 0, side - 1);
        weights[tap] = kernel(Math.abs(fraction + 1 - tap));
      }
      for (int column = 0; column < columns; column++) {
        int offset = column;
        IntToDoubleFunction term = tap -> weights[tap] * rows[taps[tap] * columns + offset];
        out[i * columns + column] =
            (float)
                (term.applyAsDouble(0)
                    + term.applyAsDouble(1)
                    + term.applyAsDouble(2)
                    + term.applyAsDouble(3));
      }
    }
    return out;
  }

  private static double kernel(double x) {
    return x <= 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
  }
}
