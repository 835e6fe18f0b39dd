package io.panamba.model.windows;

/**
 * The two neighbours of each output of a bilinear resize along one axis, without antialiasing
 * (torch, {@code align_corners=False}): output i is at {@code max((i + 1/2) in / out - 1/2, 0)}.
 *
 * @param low of each output the input before it
 * @param high of each output the input after it, or the last one
 * @param part of each output how far it is from the one to the other, in 0..1
 */
@SuppressWarnings("ArrayRecordComponent")
record BilinearAxis(int[] low, int[] high, float[] part) {
  static BilinearAxis of(int in, int out) {
    int[] low = new int[out];
    int[] high = new int[out];
    float[] part = new float[out];
    double scale = (double) in / out;
    for (int i = 0; i < out; i++) {
      double source = Math.max((i + 0.5) * scale - 0.5, 0);
      low[i] = Math.min((int) source, in - 1);
      high[i] = Math.min(low[i] + 1, in - 1);
      part[i] = (float) (source - low[i]);
    }
    return new BilinearAxis(low, high, part);
  }
}
