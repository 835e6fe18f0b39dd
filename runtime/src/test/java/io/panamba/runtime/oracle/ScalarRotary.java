package io.panamba.runtime.oracle;

/** Rotary embeddings. */
public final class ScalarRotary {
  private ScalarRotary() {}

  /**
   * Rotates pairs; tokens without a position stay what they are.
   *
   * @param x (batch, length, dim)
   * @param cos (positions, dim)
   * @param sin (positions, dim)
   * @param length of a sequence
   * @param dim columns
   * @param first the token of the first position
   * @return (batch, length, dim)
   */
  public static Values out(float[] x, float[] cos, float[] sin, int length, int dim, int first) {
    int positions = cos.length / dim;
    Values out = new Values(x.length);
    for (int i = 0; i < x.length; i++) {
      int position = i / dim % length - first;
      if (position < 0 || position >= positions) {
        out.add(i, x[i]);
        continue;
      }
      int angle = position * dim + i % dim;
      out.add(i, (double) x[i] * cos[angle]);
      out.add(i, (i % 2 == 0 ? -1.0 : 1.0) * x[i ^ 1] * sin[angle]);
    }
    return out;
  }
}
