package io.panamba.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.RgbImage;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AugmentationTest {
  private static RandomGenerator random(long seed) {
    return Draws.of(seed, Draws.Purpose.AUGMENTATION);
  }

  /** Every pixel has a colour of its own. */
  private static RgbImage gradient(int width, int height) {
    byte[] pixels = new byte[3 * width * height];
    for (int i = 0; i < width * height; i++) {
      pixels[3 * i] = (byte) (255 * (i % width) / width);
      pixels[3 * i + 1] = (byte) (255 * (i / width) / height);
      pixels[3 * i + 2] = 100;
    }
    return RgbImage.of(width, height, pixels);
  }

  private static RgbImage flat(int width, int height, int level) {
    byte[] pixels = new byte[3 * width * height];
    Arrays.fill(pixels, (byte) level);
    return RgbImage.of(width, height, pixels);
  }

  private static int red(RgbImage image, int x, int y) {
    return image.pixels()[3 * (y * image.width() + x)] & 255;
  }

  @Test
  void theSameDrawsGiveTheSamePicture() {
    RgbImage image = gradient(40, 30);
    for (Augmentation kind :
        new Augmentation[] {new Augmentation.Photo(0.08, true, 0.4), new Augmentation.Drawing()}) {
      byte[] first = kind.apply(image, random(1), new ImageTransform(24, 32)).pixels();
      assertThat(first).hasSize(3 * 24 * 32);
      assertThat(kind.apply(image, random(1), new ImageTransform(24, 32)).pixels())
          .isEqualTo(first);
      assertThat(kind.apply(image, random(2), new ImageTransform(24, 32)).pixels())
          .isNotEqualTo(first);
    }
  }

  @Test
  void aPhotoIsAPartThatIsMirroredHalfOfTheTime() {
    RgbImage image = gradient(64, 64);
    int mirrored = 0;
    int smallest = 255;
    int largest = 0;
    for (int seed = 0; seed < 400; seed++) {
      RgbImage part =
          new Augmentation.Photo(0.25, true, 0)
              .apply(image, random(seed), new ImageTransform(16, 16));
      int range = red(part, 15, 8) - red(part, 0, 8);
      mirrored += range < 0 ? 1 : 0;
      smallest = Math.min(smallest, Math.abs(range));
      largest = Math.max(largest, Math.abs(range));
      assertThat(
              red(
                  new Augmentation.Photo(0.25, false, 0)
                      .apply(image, random(seed), new ImageTransform(16, 16)),
                  0,
                  8))
          .isLessThan(128 + 64);
    }
    assertThat(mirrored).isBetween(160, 240);
    // A quarter of the area is from 0.43 to 0.58 of the width.
    assertThat(smallest).isBetween(80, 130);
    assertThat(largest).isGreaterThan(220);
  }

  @Test
  void theWholeOfAPictureThatHasNoPartOfAnAllowedRatioIsItsCentre() {
    RgbImage thin = gradient(400, 2);
    RgbImage part =
        new Augmentation.Photo(1, false, 0).apply(thin, random(3), new ImageTransform(4, 4));
    assertThat(red(part, 0, 0)).isBetween(120, 135);
    assertThat(red(part, 3, 0)).isBetween(120, 135);
  }

  @Test
  void jitterChangesColoursAndNothingElse() {
    RgbImage image = flat(5, 4, 100);
    int darkest = 255;
    int brightest = 0;
    for (int seed = 0; seed < 200; seed++) {
      byte[] pixels = new ColorJitter(0.4).apply(image, random(seed)).pixels();
      // Grey stays grey, and one level stays one level.
      for (byte level : pixels) {
        assertThat(level).isEqualTo(pixels[0]);
      }
      darkest = Math.min(darkest, pixels[0] & 255);
      brightest = Math.max(brightest, pixels[0] & 255);
    }
    assertThat(darkest).isBetween(60, 65);
    assertThat(brightest).isBetween(135, 140);
    assertThat(new ColorJitter(0).apply(gradient(9, 9), random(0)).pixels())
        .isEqualTo(gradient(9, 9).pixels());
  }

  @Test
  void contrastAndSaturationMoveAwayFromGrey() {
    int least = 255;
    int most = 0;
    byte[] pixels = {(byte) 200, 100, 100, 50, 50, 50};
    for (int seed = 0; seed < 200; seed++) {
      byte[] changed =
          new ColorJitter(0.5).apply(RgbImage.of(2, 1, pixels.clone()), random(seed)).pixels();
      int colour = (changed[0] & 255) - (changed[1] & 255);
      assertThat(changed[1]).isEqualTo(changed[2]);
      least = Math.min(least, colour);
      most = Math.max(most, colour);
    }
    assertThat(least).isLessThan(50);
    assertThat(most).isGreaterThan(140);
  }

  @Test
  void aDrawingKeepsItsStrokesWhateverItsGround() {
    byte[] pixels = flat(8, 8, 0).pixels();
    for (int y = 1; y < 7; y++) {
      Arrays.fill(pixels, 3 * (8 * y + 3), 3 * (8 * y + 5), (byte) 255);
    }
    RgbImage white = RgbImage.of(8, 8, pixels);
    byte[] inverted = pixels.clone();
    for (int i = 0; i < inverted.length; i++) {
      inverted[i] = (byte) ~inverted[i];
    }
    int light = 0;
    for (int seed = 0; seed < 100; seed++) {
      RgbImage drawn =
          new Augmentation.Drawing().apply(white, random(seed), new ImageTransform(32, 32));
      assertThat(
              new Augmentation.Drawing()
                  .apply(RgbImage.of(8, 8, inverted), random(seed), new ImageTransform(32, 32))
                  .pixels())
          .isEqualTo(drawn.pixels());
      byte[] drawnPixels = drawn.pixels();
      int differing = 0;
      for (int i = 0; i < drawnPixels.length; i += 3) {
        int difference = 0;
        for (int c = 0; c < 3; c++) {
          difference =
              Math.max(difference, Math.abs((drawnPixels[i + c] & 255) - (drawnPixels[c] & 255)));
        }
        differing += difference > 40 ? 1 : 0;
      }
      // A bar of a quarter of the width and three of the height, scaled.
      assertThat(differing).as("seed %d", seed).isBetween(10, 500);
      light += red(drawn, 0, 0) > 127 ? 1 : 0;
    }
    assertThat(light).isBetween(30, 70);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.1, 1.01, Double.NaN})
  void refusesAnAreaThatIsNone(double area) {
    assertThatThrownBy(() -> new Augmentation.Photo(area, true, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("smallest part");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.01, Double.NaN})
  void refusesAJitterThatIsNone(double jitter) {
    assertThatThrownBy(() -> new Augmentation.Photo(0.5, true, jitter))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("colour jitter is from 0 to 1");
  }
}
