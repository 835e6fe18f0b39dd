package io.panamba.model.windows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.panamba.model.segmentation.LabelMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against whole maps in double precision. */
class PixelLabelsTest {
  private static final double ROUNDING = 1e-5;

  @ParameterizedTest
  @CsvSource({
    // Height and width of the resized image, window, stride, classes, height and width of the image
    "78,105,64,42,11,90,131",
    "27,87,64,42,5,27,87",
    "64,64,64,42,1,64,64",
    "16,51,16,10,150,40,127",
    "33,20,16,5,3,12,7",
    "8,40,8,5,19,1,60",
    "40,8,8,5,19,60,1",
    "8,8,8,8,7,1,1"
  })
  void equalThoseOfWholeMaps(
      int height, int width, int side, int stride, int classes, int outHeight, int outWidth) {
    SlidingWindows windows = SlidingWindows.of(height, width, side, stride);
    check(windows, side / 4, side / 4, classes, outHeight, outWidth);
  }

  @Test
  void ofTheWholeImageInOnePass() {
    check(SlidingWindows.whole(60, 92), 15, 23, 6, 71, 55);
  }

  private static void check(
      SlidingWindows windows, int rows, int columns, int classes, int outHeight, int outWidth) {
    float[] values = new float[windows.count() * rows * columns * classes];
    Random random = new Random(8);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
      WindowedLogits logits = new WindowedLogits(windows, rows, columns, classes, memory);
      double[] whole = whole(windows, rows, columns, classes, values);
      float[] row = new float[windows.width() * classes];
      WindowedLogits.Rows reader = logits.rows();
      for (int y = 0; y < windows.height(); y++) {
        reader.read(y, row);
        for (int i = 0; i < row.length; i++) {
          assertThat(Math.abs(row[i] - whole[y * row.length + i])).isLessThan(ROUNDING);
        }
      }
      double[] resized =
          resize(whole, windows.height(), windows.width(), classes, outHeight, outWidth);
      LabelMap one = PixelLabels.of(logits, outHeight, outWidth, 1);
      for (int pixel = 0; pixel < outHeight * outWidth; pixel++) {
        double highest = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < classes; k++) {
          highest = Math.max(highest, resized[pixel * classes + k]);
        }
        assertThat(resized[pixel * classes + one.labels()[pixel]])
            .as("pixel %d", pixel)
            .isGreaterThan(highest - ROUNDING);
      }
      LabelMap three = PixelLabels.of(logits, outHeight, outWidth, 3);
      assertThat(three.labels()).isEqualTo(one.labels());
    }
  }

  private static double[] whole(
      SlidingWindows windows, int rows, int columns, int classes, float[] logits) {
    double[] sums = new double[windows.height() * windows.width() * classes];
    int[] seen = new int[windows.height() * windows.width()];
    int size = rows * columns * classes;
    for (int window = 0; window < windows.count(); window++) {
      double[] part = new double[size];
      for (int i = 0; i < size; i++) {
        part[i] = logits[window * size + i];
      }
      double[] resized =
          resize(part, rows, columns, classes, windows.windowHeight(), windows.windowWidth());
      for (int y = 0; y < windows.windowHeight(); y++) {
        for (int x = 0; x < windows.windowWidth(); x++) {
          int toY = windows.top(window) + y;
          int toX = windows.left(window) + x;
          if (toY < windows.height() && toX < windows.width()) {
            int pixel = toY * windows.width() + toX;
            seen[pixel]++;
            for (int k = 0; k < classes; k++) {
              sums[pixel * classes + k] += resized[(y * windows.windowWidth() + x) * classes + k];
            }
          }
        }
      }
    }
    for (int i = 0; i < sums.length; i++) {
      assertThat(seen[i / classes]).isPositive();
      sums[i] /= seen[i / classes];
    }
    return sums;
  }

  private static double[] resize(
      double[] in, int height, int width, int classes, int toHeight, int toWidth) {
    double[] out = new double[toHeight * toWidth * classes];
    for (int y = 0; y < toHeight; y++) {
      double row = Math.max((y + 0.5) * height / toHeight - 0.5, 0);
      int y0 = (int) row;
      int y1 = Math.min(y0 + 1, height - 1);
      for (int x = 0; x < toWidth; x++) {
        double column = Math.max((x + 0.5) * width / toWidth - 0.5, 0);
        int x0 = (int) column;
        int x1 = Math.min(x0 + 1, width - 1);
        for (int k = 0; k < classes; k++) {
          double upper = in[(y0 * width + x0) * classes + k] * (1 - (column - x0));
          upper += in[(y0 * width + x1) * classes + k] * (column - x0);
          double lower = in[(y1 * width + x0) * classes + k] * (1 - (column - x0));
          lower += in[(y1 * width + x1) * classes + k] * (column - x0);
          out[(y * toWidth + x) * classes + k] = upper * (1 - (row - y0)) + lower * (row - y0);
        }
      }
    }
    return out;
  }

  @Test
  void theLowerIndexWinsATieAndNanNever() {
    float nan = Float.NaN;
    float[] values = {nan, 2, 2, nan, 1, 3, nan, 5, 5, nan, -1, -1};
    WindowedLogits logits =
        new WindowedLogits(SlidingWindows.whole(1, 4), 1, 4, 3, MemorySegment.ofArray(values));
    assertThat(PixelLabels.of(logits, 1, 4, 1).labels()).containsExactly(1, 2, 1, 1);
  }

  @Test
  void memoryOfAnotherSizeIsRefused() {
    SlidingWindows windows = SlidingWindows.of(8, 12, 8, 5);
    MemorySegment memory = MemorySegment.ofArray(new float[2 * 4 * 3]);
    assertThat(new WindowedLogits(windows, 2, 2, 3, memory).width()).isEqualTo(12);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new WindowedLogits(windows, 2, 2, 4, memory))
        .withMessageContaining("128 bytes, not 96");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new WindowedLogits(windows, 0, 2, 3, memory));
    WindowedLogits logits = new WindowedLogits(windows, 2, 2, 3, memory);
    assertThatIllegalArgumentException().isThrownBy(() -> PixelLabels.of(logits, 0, 4, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> PixelLabels.of(logits, 4, 4, 0));
  }
}
