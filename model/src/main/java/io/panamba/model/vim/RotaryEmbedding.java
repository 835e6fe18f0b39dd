package io.panamba.model.vim;

import io.panamba.model.checkpoint.WeightsException;

/** The tables of {@code vim/rope.py} (VisionRotaryEmbeddingFast). */
final class RotaryEmbedding {
  private static final double TRAINED_SIDE = 14;
  private static final double BASE = 10_000;

  private RotaryEmbedding() {}

  /** The two tables, each (height * width, dim). */
  record Tables(float[] cos, float[] sin) {}

  /**
   * The first half of a row turns with the patch's row, the second with its column; a grid of any
   * size spans the angles of 14 x 14.
   */
  static Tables of(int height, int width, int dim) {
    if (dim % 4 != 0) {
      throw new WeightsException("a rotary embedding needs a width divisible by 4, not " + dim);
    }
    int half = dim / 2;
    if ((long) height * width > (Integer.MAX_VALUE - 8) / dim) {
      throw new IllegalArgumentException(
          "a grid of %d x %d patches is too large for a rotary embedding of %d numbers a patch"
              .formatted(height, width, dim));
    }
    float[] cos = new float[height * width * dim];
    float[] sin = new float[cos.length];
    for (int i = 0; i < cos.length; i++) {
      int column = i % dim;
      int token = i / dim;
      int pair = column % half / 2;
      int row = token / width;
      double time = column < half ? (double) row / height : (double) (token % width) / width;
      double frequency = Math.pow(BASE, -2.0 * pair / half);
      double angle = time * TRAINED_SIDE * frequency;
      cos[i] = (float) Math.cos(angle);
      sin[i] = (float) Math.sin(angle);
    }
    return new Tables(cos, sin);
  }
}
