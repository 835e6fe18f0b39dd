package io.panamba.model.image;

/**
 * OpenCV's bilinear resize of 8-bit samples, bit for bit (OpenCV 4, {@code resize.cpp}): without
 * antialiasing, with weights of 11 fractional bits that are rounded half to even, rows of 19 bits
 * between the passes, of which the second drops 4. Half the width and half the height together are
 * the mean of four pixels.
 */
final class FixedPointResizer {
  private static final int CHANNELS = 3;
  private static final int ONE = 1 << 11;

  private FixedPointResizer() {}

  /** Resizes a picture. */
  static RgbImage resize(RgbImage image, int width, int height) {
    if (image.width() == width && image.height() == height) {
      return image;
    }
    byte[] out = Rasters.allocate(width, height);
    if (image.width() == 2L * width && image.height() == 2L * height) {
      halve(image, out, width, height);
    } else {
      interpolate(image, out, width, height);
    }
    return RgbImage.of(width, height, out);
  }

  private static void halve(RgbImage image, byte[] out, int width, int height) {
    byte[] in = image.pixels();
    int line = image.width() * CHANNELS;
    int at = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int from = 2 * y * line + 2 * x * CHANNELS;
        for (int c = 0; c < CHANNELS; c++, from++) {
          int sum =
              (in[from] & 255)
                  + (in[from + CHANNELS] & 255)
                  + (in[from + line] & 255)
                  + (in[from + line + CHANNELS] & 255);
          out[at++] = (byte) ((sum + 2) >> 2);
        }
      }
    }
  }

  private static void interpolate(RgbImage image, byte[] out, int width, int height) {
    Axis columns = Axis.of(image.width(), width);
    for (int x = 0; x < width; x++) {
      // A pixel beyond the first or the last is just that one.
      if (columns.first[x] < 0 || columns.first[x] >= image.width() - 1) {
        columns.weights[2 * x] = ONE;
        columns.weights[2 * x + 1] = 0;
      }
    }
    Axis rows = Axis.of(image.height(), height);
    int[] upper = new int[width * CHANNELS];
    int[] lower = new int[width * CHANNELS];
    int inUpper = -1;
    int inLower = -1;
    int last = image.height() - 1;
    for (int y = 0; y < height; y++) {
      int first = Math.clamp(rows.first[y], 0, last);
      int second = Math.clamp(rows.first[y] + 1L, 0, last);
      if (first == inLower) {
        int[] other = upper;
        upper = lower;
        lower = other;
        inLower = inUpper;
        inUpper = first;
      }
      if (first != inUpper) {
        row(image, first, columns, upper);
        inUpper = first;
      }
      if (second != inLower) {
        row(image, second, columns, lower);
        inLower = second;
      }
      column(upper, lower, rows.weights[2 * y], rows.weights[2 * y + 1], out, y * upper.length);
    }
  }

  private static void row(RgbImage image, int y, Axis columns, int[] out) {
    byte[] in = image.pixels();
    int start = y * image.width() * CHANNELS;
    int last = image.width() - 1;
    for (int x = 0; x < columns.first.length; x++) {
      int left = start + Math.clamp(columns.first[x], 0, last) * CHANNELS;
      int right = start + Math.clamp(columns.first[x] + 1L, 0, last) * CHANNELS;
      for (int c = 0; c < CHANNELS; c++) {
        out[x * CHANNELS + c] =
            (in[left + c] & 255) * columns.weights[2 * x]
                + (in[right + c] & 255) * columns.weights[2 * x + 1];
      }
    }
  }

  private static void column(int[] upper, int[] lower, int weight, int other, byte[] out, int at) {
    for (int i = 0; i < upper.length; i++) {
      int sum = ((weight * (upper[i] >> 4)) >> 16) + ((other * (lower[i] >> 4)) >> 16);
      out[at + i] = (byte) ((sum + 2) >> 2);
    }
  }

  /**
   * The two inputs of each output along one axis.
   *
   * @param first of each output the input before it, which may lie outside
   * @param weights of it and of the next one
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Axis(int[] first, int[] weights) {
    static Axis of(int in, int out) {
      int[] first = new int[out];
      int[] weights = new int[2 * out];
      double scale = (double) in / out;
      for (int i = 0; i < out; i++) {
        float position = (float) ((i + 0.5) * scale - 0.5);
        first[i] = (int) Math.floor(position);
        float part = position - first[i];
        weights[2 * i] = (int) Math.rint((1 - part) * ONE);
        weights[2 * i + 1] = (int) Math.rint(part * ONE);
      }
      return new Axis(first, weights);
    }
  }
}
