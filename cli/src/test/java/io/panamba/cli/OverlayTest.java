package io.panamba.cli;

import static io.panamba.cli.DrawingTest.colour;
import static io.panamba.cli.DrawingTest.count;
import static io.panamba.cli.DrawingTest.grey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import io.panamba.model.image.RgbImage;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.segmentation.Palette;
import io.panamba.model.segmentation.Segmentation;
import io.panamba.model.task.HeatMap;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Pixels of drawings over grey pictures, whose samples are 100. */
class OverlayTest {
  private static final int RED = 0xE6194B;
  private static final int GREEN = 0x3CB44B;

  private static Segmentation segmentation(int height, int width, short... labels) {
    int classes = 4;
    return new Segmentation(
        LabelMap.of(height, width, classes, labels),
        List.of("wall", "a name that is long", "sky", "sea"),
        Palette.of(0xC80000, 0x00C800, 0x0000C8, 0xFFFFFF));
  }

  @Test
  void classesTintThePictureHalfAndHalf() {
    RgbImage image = SegmentationOverlay.draw(grey(200, 1), labels200());
    assertThat(colour(image, 0, 0)).isEqualTo(0x963232);
    assertThat(colour(image, 199, 0)).isEqualTo(0x323296);
  }

  private static Segmentation labels200() {
    short[] labels = new short[200];
    for (int i = 120; i < 200; i++) {
      labels[i] = 2;
    }
    return segmentation(1, 200, labels);
  }

  @Test
  void theLegendHasTheClassesPresentByTheirShare() {
    RgbImage image = SegmentationOverlay.draw(grey(200, 1), labels200());
    // Two entries fit beside each other: a gap, a row, a gap.
    assertThat(image.width()).isEqualTo(200);
    assertThat(image.height()).isEqualTo(1 + 4 + 8 + 4);
    assertThat(colour(image, 5, 6)).isEqualTo(0xC80000);
    int entry = 4 + 8 + 4 + PixelFont.width("wall 60.0 %");
    assertThat(colour(image, entry + 5, 6)).isEqualTo(0x0000C8);
    assertThat(count(image, 0x00C800, 0, 1, 200, 17)).isZero();
    assertThat(count(image, Drawing.BLACK, 16, 5, entry, 13)).isGreaterThan(50);
  }

  @Test
  void theLegendIsNeverCutOff() {
    RgbImage image =
        SegmentationOverlay.draw(
            grey(1, 4), segmentation(4, 1, (short) 1, (short) 1, (short) 1, (short) 0));
    int text = PixelFont.width("a name that is long 75.0 %");
    assertThat(image.width()).isEqualTo(4 + 8 + 4 + text + 4);
    assertThat(image.height()).isEqualTo(4 + 4 + 2 * (8 + 4));
    // The sign % ends the longest entry, with a gap behind it.
    assertThat(count(image, Drawing.BLACK, 16 + text - 5, 8, 16 + text, 16)).isPositive();
    assertThat(count(image, Drawing.WHITE, 16 + text, 0, 20 + text, 32)).isEqualTo(4 * 32);
    // The picture is at the left.
    assertThat(colour(image, 0, 0)).isEqualTo(0x329632);
    assertThat(colour(image, 1, 0)).isEqualTo(Drawing.WHITE);
  }

  @Test
  void labelsOfAnotherPictureAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SegmentationOverlay.draw(grey(201, 1), labels200()))
        .withMessageContaining("201 x 1");
  }

  private static Detection detection(Box box, int index, Mask mask) {
    return new Detection(box, index, "cat", 0.5f, mask);
  }

  private static Mask mask(int height, int width, int left, int top, int columns, int rows) {
    BitSet inside = new BitSet();
    inside.set(0, columns * rows);
    return Mask.of(height, width, left, top, columns, rows, inside);
  }

  @Test
  void boxesFrameAndMasksTint() {
    Detection cat = detection(new Box(20.4f, 30.2f, 59.5f, 70), 0, mask(100, 100, 30, 40, 10, 5));
    RgbImage image = DetectionOverlay.draw(grey(100, 100), List.of(cat));
    assertThat(colour(image, 20, 30)).isEqualTo(RED);
    assertThat(colour(image, 59, 69)).isEqualTo(RED);
    assertThat(colour(image, 21, 31)).isEqualTo(0x646464);
    assertThat(count(image, 0xA53E57, 30, 40, 40, 45)).isEqualTo(50);
    // The name stands above the box.
    assertThat(count(image, Drawing.WHITE, 20, 20, 60, 30)).isPositive();
    assertThat(image.width()).isEqualTo(100);
  }

  @Test
  void theBestIsInFront() {
    Box box = new Box(20, 30, 60, 70);
    RgbImage image =
        DetectionOverlay.draw(
            grey(100, 100), List.of(detection(box, 0, null), detection(box, 1, null)));
    assertThat(colour(image, 20, 50)).isEqualTo(RED);
    image =
        DetectionOverlay.draw(
            grey(100, 100), List.of(detection(box, 1, null), detection(box, 0, null)));
    assertThat(colour(image, 20, 50)).isEqualTo(GREEN);
  }

  @Test
  void namesStayOnThePicture() {
    RgbImage image =
        DetectionOverlay.draw(grey(100, 100), List.of(detection(new Box(90, 0, 100, 10), 0, null)));
    int width = PixelFont.width("cat 0.50") + 2;
    assertThat(count(image, Drawing.WHITE, 100 - width, 0, 100, 10)).isPositive();
    assertThat(colour(image, 100 - width, 0)).isEqualTo(RED);
  }

  @Test
  void boxesWithoutAreaAndBeyondThePictureAreDrawn() {
    for (Box box :
        List.of(
            new Box(3, 3, 3, 3),
            new Box(-1e30f, -1e30f, 1e30f, 1e30f),
            new Box(200, 200, 300, 300),
            new Box(0, 0, 1, 1))) {
      for (RgbImage picture : List.of(grey(1, 1), grey(50, 1), grey(1, 50))) {
        RgbImage image = DetectionOverlay.draw(picture, List.of(detection(box, 40, null)));
        assertThat(image).hasToString(picture.toString());
      }
    }
  }

  @Test
  void masksOfAnotherPictureAreRefused() {
    Detection cat = detection(new Box(0, 0, 1, 1), 0, mask(9, 10, 0, 0, 1, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DetectionOverlay.draw(grey(9, 10), List.of(cat)))
        .withMessageContaining("9 x 10");
  }

  @Test
  void heatIsInterpolatedAndHasACaptionAndABar() {
    HeatMap heat = new HeatMap(1, 2, new float[] {0, 1});
    RgbImage image = HeatOverlay.over(grey(100, 3), heat, List.of("cat 85.3 %"));
    assertThat(image.height()).isEqualTo(3 + 28);
    assertThat(image.width()).isEqualTo(100);
    // Halves: the outer quarters are those of the map, the middle is their mean.
    assertThat(colour(image, 0, 0)).isEqualTo(half(HeatOverlay.colour(0)));
    assertThat(colour(image, 24, 2)).isEqualTo(half(HeatOverlay.colour(0)));
    assertThat(colour(image, 50, 1)).isEqualTo(half(HeatOverlay.colour(0.51)));
    assertThat(colour(image, 99, 0)).isEqualTo(half(HeatOverlay.colour(1)));
    assertThat(count(image, Drawing.BLACK, 4, 7, 63, 15)).isPositive();
    assertThat(count(image, Drawing.WHITE, 63, 3, 100, 19)).isEqualTo(37 * 16);
    assertThat(colour(image, 13, 22)).isEqualTo(HeatOverlay.colour(0));
    assertThat(colour(image, 86, 22)).isEqualTo(HeatOverlay.colour(1));
    assertThat(count(image, Drawing.BLACK, 4, 19, 9, 27)).isPositive();
    assertThat(count(image, Drawing.BLACK, 91, 19, 96, 27)).isPositive();
  }

  @Test
  void aMapAloneHasTheColoursOfItsBar() {
    HeatMap heat = new HeatMap(1, 2, new float[] {0, 1});
    RgbImage image = HeatOverlay.alone(100, 3, heat, List.of());
    assertThat(image.height()).isEqualTo(3 + 16);
    assertThat(colour(image, 0, 0)).isEqualTo(HeatOverlay.colour(0));
    assertThat(colour(image, 99, 2)).isEqualTo(HeatOverlay.colour(1));
    assertThat(colour(image, 13, 10)).isEqualTo(HeatOverlay.colour(0));
    assertThat(colour(image, 86, 10)).isEqualTo(HeatOverlay.colour(1));
  }

  @Test
  void aDrawingIsAsWideAsItsCaption() {
    HeatMap heat = new HeatMap(1, 1, new float[] {1});
    String line = "a name that is wider than its picture";
    RgbImage image = HeatOverlay.over(grey(8, 8), heat, List.of(line));
    assertThat(image.width()).isEqualTo(PixelFont.width(line) + 8);
  }

  private static int half(int colour) {
    return ((100 + (colour >> 16)) / 2) << 16
        | ((100 + (colour >> 8 & 255)) / 2) << 8
        | (100 + (colour & 255)) / 2;
  }

  @Test
  void heatBeyondItsRangeIsCut() {
    HeatMap heat = new HeatMap(4, 1, new float[] {-5, Float.NaN, Float.POSITIVE_INFINITY, 0.5f});
    RgbImage image = HeatOverlay.over(grey(1, 4), heat, List.of());
    assertThat(colour(image, 0, 0)).isEqualTo(half(HeatOverlay.colour(0)));
    assertThat(colour(image, 0, 1)).isEqualTo(0x646464);
    assertThat(colour(image, 0, 2)).isEqualTo(half(HeatOverlay.colour(1)));
    assertThat(colour(image, 0, 3)).isEqualTo(half(0x20D070));
  }

  @Test
  void theColoursOfHeatChangeSteadily() {
    int largest =
        IntStream.range(0, 1000)
            .map(
                i -> distance(HeatOverlay.colour(i / 1000.0), HeatOverlay.colour((i + 1) / 1000.0)))
            .max()
            .orElseThrow();
    assertThat(largest).isBetween(1, 4);
  }

  private static int distance(int a, int b) {
    return Math.max(
        Math.abs((a >> 16) - (b >> 16)),
        Math.max(Math.abs((a >> 8 & 255) - (b >> 8 & 255)), Math.abs((a & 255) - (b & 255))));
  }
}
