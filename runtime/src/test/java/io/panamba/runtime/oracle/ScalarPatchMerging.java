package io.panamba.runtime.oracle;

import io.panamba.runtime.operation.PatchMerging;

/** Patch merging, and its reverse. */
public final class ScalarPatchMerging {
  private ScalarPatchMerging() {}

  /**
   * What the operation writes: x if it is reversed.
   *
   * @param operation which
   * @return (batch, pixels, channels) of x or of out, exact
   */
  public static Values out(PatchMerging operation) {
    boolean reversed = operation.reversed();
    float[] source = Floats.of(reversed ? operation.out() : operation.x());
    int channels = Math.toIntExact(operation.x().shape().size(2));
    int height = Math.toIntExact(operation.grid().height());
    int width = Math.toIntExact(operation.grid().width());
    int columns = Math.ceilDiv(width, 2);
    int merged = Math.ceilDiv(height, 2) * columns;
    int elements = Math.toIntExact(operation.x().shape().elements());
    int batch = elements / (height * width * channels);
    Values out = new Values(reversed ? elements : batch * merged * 4 * channels);
    for (int i = 0; i < elements; i++) {
      int x = i / channels % width;
      int y = i / (channels * width) % height;
      int pixel = i / (channels * width * height) * merged + y / 2 * columns + x / 2;
      // A pixel's part: down a column first.
      int place = (pixel * 4 + x % 2 * 2 + y % 2) * channels + i % channels;
      out.set(reversed ? i : place, source[reversed ? place : i], 0);
    }
    return out;
  }
}
