package io.panamba.model.image;

import java.util.Arrays;

/**
 * Pillow's resize of 8-bit samples, bit for bit (Pillow, {@code Resample.c}): a kernel widened by
 * the reduction, weights of 22 fractional bits, the horizontal pass before the vertical one with
 * 8-bit samples between, and no pass along an axis that keeps its size. Only the part of the result
 * that is asked for is computed.
 */
final class Resampler {
  private static final int CHANNELS = 3;
  private static final double A = -0.5;
  private static final int PRECISION_BITS = 32 - 8 - 2;

  private Resampler() {}

  /** Kernels. */
  enum Filter {
    /** Cubic convolution with a = -0.5. */
    BICUBIC(2) {
      @Override
      double weight(double x) {
        if (x < 1) {
          return ((A + 2) * x - (A + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
      }
    },

    /** A triangle. */
    BILINEAR(1) {
      @Override
      double weight(double x) {
        return x < 1 ? 1 - x : 0;
      }
    };

    /** Where the kernel ends. */
    private final double support;

    Filter(double support) {
      this.support = support;
    }

    /** Returns the kernel at a distance from its centre. */
    abstract double weight(double x);
  }

  /**
   * Resizes a picture and returns a part of the result.
   *
   * @param filter the kernel
   * @param width the width of the whole result
   * @param height the height of the whole result
   * @param left the first column of the part
   * @param top the first row of the part
   * @param partWidth the columns of the part
   * @param partHeight the rows of the part
   */
  static RgbImage resize(
      RgbImage image,
      Filter filter,
      int width,
      int height,
      int left,
      int top,
      int partWidth,
      int partHeight) {
    Axis columns = Axis.of(filter, image.width(), width, left, partWidth);
    Axis rows = Axis.of(filter, image.height(), height, top, partHeight);
    int firstRow = rows.first[0];
    int lastRow = firstRow;
    for (int i = 0; i < partHeight; i++) {
      firstRow = Math.min(firstRow, rows.first[i]);
      lastRow = Math.max(lastRow, rows.first[i] + rows.count[i]);
    }
    byte[] narrowed = Rasters.allocate(partWidth, lastRow - firstRow);
    horizontal(image, firstRow, lastRow, columns, image.width() == width, narrowed);
    if (image.height() == height) {
      return RgbImage.of(partWidth, partHeight, narrowed);
    }
    byte[] out = Rasters.allocate(partWidth, partHeight);
    vertical(narrowed, firstRow, rows, partWidth * CHANNELS, out);
    return RgbImage.of(partWidth, partHeight, out);
  }

  private static void horizontal(
      RgbImage image, int firstRow, int lastRow, Axis columns, boolean copy, byte[] out) {
    byte[] in = image.pixels();
    int stride = image.width() * CHANNELS;
    int outputs = columns.first.length;
    int at = 0;
    for (int y = firstRow; y < lastRow; y++) {
      int row = y * stride;
      if (copy) {
        System.arraycopy(in, row + columns.first[0] * CHANNELS, out, at, outputs * CHANNELS);
        at += outputs * CHANNELS;
        continue;
      }
      for (int i = 0; i < outputs; i++) {
        int from = row + columns.first[i] * CHANNELS;
        int weight = i * columns.taps;
        int end = weight + columns.count[i];
        int red = 1 << (PRECISION_BITS - 1);
        int green = red;
        int blue = red;
        for (; weight < end; weight++, from += CHANNELS) {
          int w = columns.weights[weight];
          red += (in[from] & 255) * w;
          green += (in[from + 1] & 255) * w;
          blue += (in[from + 2] & 255) * w;
        }
        out[at++] = toByte(red);
        out[at++] = toByte(green);
        out[at++] = toByte(blue);
      }
    }
  }

  private static void vertical(byte[] in, int firstRow, Axis rows, int stride, byte[] out) {
    int[] sums = new int[stride];
    for (int i = 0; i < rows.first.length; i++) {
      Arrays.fill(sums, 1 << (PRECISION_BITS - 1));
      for (int j = 0; j < rows.count[i]; j++) {
        int w = rows.weights[i * rows.taps + j];
        int from = (rows.first[i] + j - firstRow) * stride;
        for (int x = 0; x < stride; x++) {
          sums[x] += (in[from + x] & 255) * w;
        }
      }
      for (int x = 0; x < stride; x++) {
        out[i * stride + x] = toByte(sums[x]);
      }
    }
  }

  private static byte toByte(int sum) {
    return (byte) Math.clamp(sum >> PRECISION_BITS, 0, 255);
  }

  /**
   * The inputs of each output along one axis.
   *
   * @param taps the distance of two outputs' weights in {@code weights}
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Axis(int[] first, int[] count, int taps, int[] weights) {
    static Axis of(Filter filter, int in, int out, int start, int length) {
      double scale = (double) in / out;
      double reduction = Math.max(scale, 1);
      double support = filter.support * reduction;
      int[] first = new int[length];
      int[] count = new int[length];
      if (in == out) {
        for (int i = 0; i < length; i++) {
          first[i] = start + i;
          count[i] = 1;
        }
        return new Axis(first, count, 0, new int[0]);
      }
      int taps = 0;
      for (int i = 0; i < length; i++) {
        double centre = (start + i + 0.5) * scale;
        first[i] = Math.max((int) (centre - support + 0.5), 0);
        count[i] = Math.min((int) (centre + support + 0.5), in) - first[i];
        taps = Math.max(taps, count[i]);
      }
      int[] weights = new int[Math.multiplyExact(length, taps)];
      double[] raw = new double[taps];
      double inverse = 1 / reduction;
      for (int i = 0; i < length; i++) {
        double centre = (start + i + 0.5) * scale;
        double sum = 0;
        for (int j = 0; j < count[i]; j++) {
          raw[j] = filter.weight(Math.abs((j + first[i] - centre + 0.5) * inverse));
          sum += raw[j];
        }
        for (int j = 0; j < count[i]; j++) {
          double w = (sum == 0 ? raw[j] : raw[j] / sum) * (1 << PRECISION_BITS);
          weights[i * taps + j] = (int) (w < 0 ? w - 0.5 : w + 0.5);
        }
      }
      return new Axis(first, count, taps, weights);
    }
  }
}
