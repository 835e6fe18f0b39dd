package io.panamba.model.image;

import io.panamba.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Makes float32 planes of RGB samples: division by 255, then by mean and standard deviation. The
 * published models take ImageNet's.
 */
final class Normalisation {
  static final int CHANNELS = 3;

  static final float[] IMAGENET_MEAN = {0.485f, 0.456f, 0.406f};
  static final float[] IMAGENET_DEVIATION = {0.229f, 0.224f, 0.225f};
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** The normalised values of the 256 samples of each channel. */
  private final float[] table = new float[CHANNELS * 256];

  /**
   * Creates a normalisation.
   *
   * @throws IllegalArgumentException if an argument is not of three channels, a mean not finite or
   *     a deviation not positive
   */
  Normalisation(float[] mean, float[] deviation) {
    require(mean, deviation);
    for (int c = 0; c < CHANNELS; c++) {
      for (int value = 0; value < 256; value++) {
        table[c * 256 + value] = (value / 255f - mean[c]) / deviation[c];
      }
    }
  }

  /**
   * Checks mean and deviation.
   *
   * @throws IllegalArgumentException as the constructor
   */
  static void require(float[] mean, float[] deviation) {
    if (mean.length != CHANNELS || deviation.length != CHANNELS) {
      throw new IllegalArgumentException(
          "mean and deviation have three channels, not %d and %d"
              .formatted(mean.length, deviation.length));
    }
    for (int c = 0; c < CHANNELS; c++) {
      if (!Float.isFinite(mean[c]) || !(deviation[c] > 0) || !Float.isFinite(deviation[c])) {
        throw new IllegalArgumentException(
            "a mean is finite and a deviation positive, not %s and %s"
                .formatted(mean[c], deviation[c]));
      }
    }
  }

  static Normalisation imagenet() {
    return new Normalisation(IMAGENET_MEAN, IMAGENET_DEVIATION);
  }

  /** The normalised values of the 256 samples of each channel: (3, 256). */
  float[] values() {
    return table.clone();
  }

  /**
   * Writes rows of a picture.
   *
   * @param image the picture
   * @param first its first row to write
   * @param count rows
   * @param target float32, (3, rows, width of the picture) with or without axes of size 1 before
   * @param row where the first goes
   */
  void write(RgbImage image, int first, int count, Tensor target, int row) {
    byte[] pixels = image.pixels();
    int width = image.width();
    long planeRows = target.shape().size(-2);
    float[] line = new float[width];
    for (int c = 0; c < CHANNELS; c++) {
      for (int y = 0; y < count; y++) {
        int from = (first + y) * width * CHANNELS + c;
        for (int x = 0; x < width; x++) {
          line[x] = table[c * 256 + (pixels[from + x * CHANNELS] & 255)];
        }
        long at = (c * planeRows + row + y) * width;
        MemorySegment.copy(line, 0, target.segment(), FLOAT, at * Float.BYTES, width);
      }
    }
  }

  /**
   * Writes a square part of a picture; what is beyond the picture becomes 0.
   *
   * @param image the picture
   * @param left the first column of the part, in the picture
   * @param top the first row of the part, in the picture
   * @param side of the part
   * @param target float32, (3, side, side) with or without axes of size 1 before
   */
  void writePart(RgbImage image, int left, int top, int side, Tensor target) {
    byte[] pixels = image.pixels();
    int columns = Math.min(side, image.width() - left);
    int rows = Math.min(side, image.height() - top);
    float[] line = new float[side];
    for (int c = 0; c < CHANNELS; c++) {
      for (int y = 0; y < side; y++) {
        if (y < rows) {
          int from = ((top + y) * image.width() + left) * CHANNELS + c;
          for (int x = 0; x < columns; x++) {
            line[x] = table[c * 256 + (pixels[from + x * CHANNELS] & 255)];
          }
        } else {
          Arrays.fill(line, 0);
        }
        long at = ((long) c * side + y) * side;
        MemorySegment.copy(line, 0, target.segment(), FLOAT, at * Float.BYTES, side);
      }
    }
  }
}
