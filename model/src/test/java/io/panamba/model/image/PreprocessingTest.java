package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Crop, mean and deviation. */
class PreprocessingTest {
  private static final RgbImage PICTURE = picture(90, 70);

  private static RgbImage picture(int width, int height) {
    byte[] pixels = new byte[width * height * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 31 + i / 7);
    }
    return RgbImage.of(width, height, pixels);
  }

  private static float[] apply(ImageTransform transform) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor target = Tensor.allocate(arena, DType.F32, Shape.of(3, 40, 40));
      transform.apply(PICTURE, target);
      return target.toFloats();
    }
  }

  @Test
  void theUsualOneIsTheTransformOfThePublishedModels() {
    assertThat(apply(Preprocessing.IMAGENET.transform(40, 40)))
        .isEqualTo(apply(new ImageTransform(40)));
  }

  @Test
  void everyPartReachesTheTransform() {
    Preprocessing other = new Preprocessing(0.9, new Rgb(0.5f, 0.25f, 0), new Rgb(0.5f, 0.25f, 1));
    float[] expected =
        apply(
            new ImageTransform(
                40, 40, 0.9, new float[] {0.5f, 0.25f, 0}, new float[] {0.5f, 0.25f, 1}));
    assertThat(apply(other.transform(40, 40))).isEqualTo(expected);
    assertThat(expected).isNotEqualTo(apply(new ImageTransform(40)));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, 1.001, Double.NaN})
  void refusesOtherCropRatios(double ratio) {
    Rgb half = new Rgb(0.5f, 0.5f, 0.5f);
    assertThatThrownBy(() -> new Preprocessing(ratio, half, half))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a crop ratio is in (0, 1]");
  }

  @Test
  void refusesADeviationOfNothing() {
    Rgb half = new Rgb(0.5f, 0.5f, 0.5f);
    assertThatThrownBy(() -> new Preprocessing(1, half, new Rgb(0.5f, 0, 0.5f)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a deviation positive");
  }

  @Test
  void coloursAreReadAsTheyAreWritten() {
    Rgb colours = new Rgb(0.485f, 1e-5f, 1);
    assertThat(Rgb.parse(colours.toString())).contains(colours);
    assertThat(Rgb.parse(" 0.5, .25 ,1")).contains(new Rgb(0.5f, 0.25f, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1,2", "1,2,3,4", "1,2,", "1,2,x", "1,2,NaN", "1,2,1f", "1;2;3"})
  void otherTextIsNoColours(String text) {
    assertThat(Rgb.parse(text)).isEmpty();
  }
}
