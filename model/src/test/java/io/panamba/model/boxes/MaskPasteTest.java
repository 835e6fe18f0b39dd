package io.panamba.model.boxes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskPasteTest {
  private static final int SIDE = 28;

  private static float[] filled(float value) {
    float[] mask = new float[SIDE * SIDE];
    Arrays.fill(mask, value);
    return mask;
  }

  @ParameterizedTest
  @CsvSource({
    "3.25,4.5,30.125,33,40,50",
    "-9,-5,70,20,40,50",
    "0,0,50,40,40,50",
    "10.2,10.3,10.9,10.9,40,50",
    "49,39,50,40,40,50",
    "60,60,70,70,40,50",
    "0,0,1,300,300,1",
    "0,0,300,1,1,300",
    "-1000,0,1000,1,1,1"
  })
  void equalsThePlainFormula(float x0, float y0, float x1, float y1, int height, int width) {
    Random random = new Random(7);
    float[] mask = new float[2 * SIDE * SIDE];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = random.nextFloat();
    }
    Mask pasted = MaskPaste.paste(mask, SIDE * SIDE, SIDE, new Box(x0, y0, x1, y1), height, width);
    for (int y = 0; y < height; y++) {
      double row = SIDE * (y + 0.5 - y0) / (y1 - y0) - 0.5;
      for (int x = 0; x < width; x++) {
        double column = SIDE * (x + 0.5 - x0) / (x1 - x0) - 0.5;
        double value = 0;
        for (int i = 0; i < SIDE; i++) {
          for (int j = 0; j < SIDE; j++) {
            value +=
                Math.max(1 - Math.abs(row - i), 0)
                    * Math.max(1 - Math.abs(column - j), 0)
                    * mask[SIDE * SIDE + i * SIDE + j];
          }
        }
        if (Math.abs(value - 0.5) > 1e-9) {
          assertThat(pasted.contains(x, y)).as("pixel (%d, %d)", x, y).isEqualTo(value > 0.5);
        }
      }
    }
  }

  @Test
  void aMaskOfOnesIsItsBoxWithoutCornerPixels() {
    Mask mask = MaskPaste.paste(filled(1), 0, SIDE, new Box(10, 5, 66, 61), 70, 80);
    assertThat(mask.contains(10, 30)).isTrue();
    assertThat(mask.contains(9, 30)).isFalse();
    assertThat(mask.contains(66, 30)).isFalse();
    assertThat(mask.area()).isBetween(56 * 56 - 8, 56 * 56);
  }

  @Test
  void oneHalfIsInsideAndNanIsNot() {
    Box box = new Box(0, 0, 28, 28);
    assertThat(MaskPaste.paste(filled(0.5f), 0, SIDE, box, 28, 28).area()).isEqualTo(28 * 28);
    assertThat(MaskPaste.paste(filled(Float.NaN), 0, SIDE, box, 28, 28).area()).isZero();
  }

  @Test
  void emptyBoxesHaveNoPixels() {
    for (Box box : List.of(new Box(3, 3, 3, 3), new Box(3, 0, 3, 9), new Box(0, 3, 9, 3))) {
      assertThat(MaskPaste.paste(filled(1), 0, SIDE, box, 9, 9).area()).isZero();
    }
  }

  @Test
  void hugeBoxesReachEverywhere() {
    Box box = new Box(-1e30f, -1e30f, 1e30f, 1e30f);
    assertThat(MaskPaste.paste(filled(1), 0, SIDE, box, 3, 4).area()).isEqualTo(12);
  }

  @Test
  void sigmoid() {
    float[] values = {0, -200, 200, Float.NaN};
    MaskPaste.sigmoid(values);
    assertThat(values[0]).isEqualTo(0.5f);
    assertThat(values[1]).isCloseTo(0, within(1e-30f));
    assertThat(values[2]).isOne();
    assertThat(values[3]).isNaN();
  }

  @Test
  void boxesAreScaledIntoTheImageAndEmptyOnesLeftOut() {
    SelectedBoxes selected =
        new SelectedBoxes(
            3,
            new float[] {1, 2, 30, 4, 5, 5, 5, 9, 0, 0, 2, 8},
            new int[3],
            new int[] {1, 0, 0},
            new float[] {0.9f, 0.8f, 0.7f});
    List<Detection> found =
        new ImageDetections(8, 16, 16, 48).list(selected, null, SIDE, List.of("cat", "dog"));
    assertThat(found)
        .containsExactly(
            new Detection(new Box(3, 4, 48, 8), 1, "dog", 0.9f, null),
            new Detection(new Box(0, 0, 6, 16), 0, "cat", 0.7f, null));
  }
}
