package io.panamba.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.IndexImage;
import io.panamba.model.image.RgbImage;
import io.panamba.model.image.SegmentationTransform;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
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

  /** Squares of 16 pixels, whose class is in their red. */
  private static MaskedImage squares(int width, int height) {
    byte[] pixels = new byte[3 * width * height];
    short[] mask = new short[width * height];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = (short) (i % width / 16 + 5 * (i / width / 16));
      pixels[3 * i] = (byte) (10 * mask[i]);
    }
    return new MaskedImage(
        RgbImage.of(width, height, pixels), IndexImage.of(width, height, true, mask));
  }

  /** Beside borders between squares, which a resize blurs, every pixel has its own class. */
  private static double wrong(MaskedImage scene) {
    int wrong = 0;
    short[] mask = scene.mask().indices();
    for (int i = 0; i < mask.length; i++) {
      wrong += Math.abs((scene.image().pixels()[3 * i] & 255) - 10 * mask[i]) > 1 ? 1 : 0;
    }
    return (double) wrong / mask.length;
  }

  @Test
  void masksFollowTheirPictures() {
    SegmentationTransform window = new SegmentationTransform(32);
    MaskedImage scene = squares(80, 64);
    Augmentation photo = new Augmentation.Photo(0.08, true, 0);
    int mirrored = 0;
    Set<String> sizes = new HashSet<>();
    for (int seed = 0; seed < 100; seed++) {
      MaskedImage part = photo.apply(scene, random(seed), window);
      assertThat(part.image().width()).isEqualTo(part.mask().width()).isBetween(16, 32);
      assertThat(part.image().height()).isEqualTo(part.mask().height()).isBetween(16, 32);
      assertThat(wrong(part)).isLessThan(0.4);
      short[] row = part.mask().crop(0, 0, part.mask().width(), 1).indices();
      mirrored += row[0] > row[row.length - 1] ? 1 : 0;
      sizes.add(part.image().toString());
      assertThat(photo.apply(scene, random(seed), window).mask().indices())
          .isEqualTo(part.mask().indices());
    }
    assertThat(mirrored).isBetween(30, 70);
    assertThat(sizes).hasSizeGreaterThan(3);
    MaskedImage whole = new Augmentation.None().apply(scene, random(0), window);
    assertThat(whole.mask().toString()).isEqualTo("32 x 32 pixels");
    assertThat(wrong(whole)).isZero();
    assertThatThrownBy(() -> new Augmentation.Drawing().apply(scene, random(0), window))
        .isInstanceOf(DatasetException.class);
  }

  /** Of the parts of a picture that is nearly all of one class, mixed ones are wanted. */
  @Test
  void partsOfSeveralClassesAreLikelier() {
    short[] mask = new short[64 * 64];
    for (int y = 0; y < 16; y++) {
      Arrays.fill(mask, y * 64, y * 64 + 16, (short) 1);
    }
    MaskedImage scene = new MaskedImage(flat(64, 64, 9), IndexImage.of(64, 64, true, mask));
    int mixed = 0;
    for (int seed = 0; seed < 200; seed++) {
      short[] part = Scenes.part(scene, 16, random(seed)).mask().indices();
      int ones = 0;
      for (short label : part) {
        ones += label;
      }
      mixed += ones > 64 && ones < 192 ? 1 : 0;
    }
    // One draw finds such a part in about 3 of 100 cases, ten in about 30.
    assertThat(mixed).isBetween(25, 100);
  }
}
