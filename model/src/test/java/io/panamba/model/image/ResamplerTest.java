package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResamplerTest {
  private static final Map<String, RgbImage> PILLOW = Pictures.read("resized.safetensors");

  @TestFactory
  Stream<DynamicTest> equalsPillowBitForBit() {
    return PILLOW.keySet().stream()
        .filter(key -> key.contains("."))
        .map(
            key ->
                DynamicTest.dynamicTest(
                    key,
                    () -> {
                      RgbImage expected = PILLOW.get(key);
                      RgbImage source = PILLOW.get(key.substring(0, key.indexOf('.')));
                      RgbImage result = resize(source, expected.width(), expected.height());
                      assertThat(result.pixels()).isEqualTo(expected.pixels());
                    }));
  }

  @ParameterizedTest
  @CsvSource({
    "64,48,32,24", "64,48,31,25", "20,20,60,61", "1,1,7,5", "7,5,1,1", "1,40,9,9", "40,1,9,9",
    "300,2,3,2", "2,300,2,3", "500,3,8,100", "33,33,33,34", "33,33,34,33", "2,2,3,3", "3,3,2,2"
  })
  void equalsADoublePrecisionOracle(int width, int height, int toWidth, int toHeight) {
    RgbImage image = Pictures.random(width, height, 7L * width + height);
    RgbImage expected = oracle(image, toWidth, toHeight);
    RgbImage result = resize(image, toWidth, toHeight);
    assertThat(result).hasToString(expected.toString());
    assertThat(Pictures.difference(result, expected)).isLessThanOrEqualTo(1);
  }

  @Test
  void aPartEqualsThatPartOfTheWhole() {
    RgbImage image = Pictures.random(61, 47, 3);
    for (int[] size : new int[][] {{30, 23}, {90, 80}, {61, 20}, {20, 47}, {61, 47}}) {
      RgbImage whole = resize(image, size[0], size[1]);
      int left = size[0] / 5;
      int top = size[1] / 7;
      int width = size[0] / 2;
      int height = size[1] / 3;
      RgbImage part =
          Resampler.resize(
              image, Resampler.Filter.BICUBIC, size[0], size[1], left, top, width, height);
      assertThat(part).hasToString(width + " x " + height + " RGB");
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width * 3; x++) {
          assertThat(part.pixels()[y * width * 3 + x])
              .isEqualTo(whole.pixels()[((top + y) * size[0] + left) * 3 + x]);
        }
      }
    }
  }

  @Test
  void aPlainPictureStaysPlain() {
    byte[] pixels = new byte[50 * 40 * 3];
    Arrays.fill(pixels, (byte) 201);
    byte[] result = resize(RgbImage.of(50, 40, pixels), 21, 77).pixels();
    assertThat(result).containsOnly((byte) 201);
  }

  private static RgbImage resize(RgbImage image, int width, int height) {
    return Resampler.resize(image, Resampler.Filter.BICUBIC, width, height, 0, 0, width, height);
  }

  /** The same resampling with weights in double, rounded once after each pass. */
  private static RgbImage oracle(RgbImage image, int width, int height) {
    double[][] columns = weights(image.width(), width);
    double[][] rows = weights(image.height(), height);
    int[] narrowed = new int[image.height() * width * 3];
    for (int y = 0; y < image.height(); y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < 3; c++) {
          double sum = 0;
          for (int i = 0; i < image.width(); i++) {
            sum += columns[x][i] * (image.pixels()[(y * image.width() + i) * 3 + c] & 255);
          }
          narrowed[(y * width + x) * 3 + c] = toByte(sum);
        }
      }
    }
    byte[] out = new byte[height * width * 3];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width * 3; x++) {
        double sum = 0;
        for (int i = 0; i < image.height(); i++) {
          sum += rows[y][i] * narrowed[i * width * 3 + x];
        }
        out[y * width * 3 + x] = (byte) toByte(sum);
      }
    }
    return RgbImage.of(width, height, out);
  }

  private static int toByte(double value) {
    return (int) Math.clamp(Math.floor(value + 0.5), 0, 255);
  }

  /** The weight of every input for every output. */
  private static double[][] weights(int in, int out) {
    double[][] weights = new double[out][in];
    double scale = (double) in / out;
    double width = Math.max(scale, 1);
    for (int i = 0; i < out; i++) {
      double sum = 0;
      for (int j = 0; j < in; j++) {
        double distance = Math.abs((j + 0.5 - (i + 0.5) * scale) / width);
        double square = distance * distance;
        weights[i][j] =
            distance < 1
                ? 1.5 * square * distance - 2.5 * square + 1
                : distance < 2 ? -0.5 * square * distance + 2.5 * square - 4 * distance + 2 : 0;
        sum += weights[i][j];
      }
      for (int j = 0; j < in; j++) {
        weights[i][j] /= sum;
      }
    }
    return weights;
  }
}
