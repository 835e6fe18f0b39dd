package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Bilinear resizes against those that networks were trained with, bit for bit. */
class BilinearTest {
  private static final Map<String, RgbImage> EXPECTED = Pictures.read("bilinear.safetensors");

  private interface Resize {
    RgbImage apply(RgbImage image, int width, int height);
  }

  private static Stream<DynamicTest> compare(String library, Resize resize) {
    return EXPECTED.keySet().stream()
        .filter(key -> key.startsWith(library))
        .map(
            key ->
                DynamicTest.dynamicTest(
                    key,
                    () -> {
                      RgbImage expected = EXPECTED.get(key);
                      RgbImage source = EXPECTED.get(key.split("\\.", -1)[1]);
                      RgbImage result = resize.apply(source, expected.width(), expected.height());
                      assertThat(result).hasToString(expected.toString());
                      assertThat(result.pixels()).isEqualTo(expected.pixels());
                    }));
  }

  @TestFactory
  Stream<DynamicTest> equalsPillow() {
    return compare(
        "pillow.",
        (image, width, height) -> image.resize(Resampler.Filter.BILINEAR, width, height));
  }

  @TestFactory
  Stream<DynamicTest> equalsOpenCv() {
    return compare("opencv.", FixedPointResizer::resize);
  }

  @Test
  void theSameSizeIsTheSamePicture() {
    RgbImage image = EXPECTED.get("noise");
    assertThat(FixedPointResizer.resize(image, image.width(), image.height())).isSameAs(image);
  }

  @Test
  void theFiltersDiffer() {
    RgbImage image = EXPECTED.get("noise");
    RgbImage bilinear = image.resize(Resampler.Filter.BILINEAR, 20, 20);
    assertThat(bilinear.pixels()).isNotEqualTo(image.resize(20, 20).pixels());
    assertThat(bilinear.pixels()).isNotEqualTo(FixedPointResizer.resize(image, 20, 20).pixels());
  }
}
