package io.panamba.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MaskTest {
  private static Mask whole(int height, int width, int... inside) {
    BitSet bits = new BitSet();
    Arrays.stream(inside).forEach(bits::set);
    return Mask.of(height, width, 0, 0, width, height, bits);
  }

  @Test
  void countsPixelsDownTheColumnsZerosFirst() {
    assertThat(whole(2, 3, 1, 2, 5).counts()).containsExactly(1, 2, 2, 1);
    assertThat(whole(2, 3, 0, 1).counts()).containsExactly(0, 2, 4);
  }

  @Test
  void emptyAndFullMasksHaveOneRun() {
    assertThat(whole(3, 4).counts()).containsExactly(12);
    assertThat(whole(1, 3, 0, 1, 2).counts()).containsExactly(0, 3);
    assertThat(Mask.of(3, 4, 2, 1, 0, 0, new BitSet()).counts()).containsExactly(12);
  }

  /** The text is pycocotools' of the same pixels. */
  @Test
  void compressesAsCoco() {
    assertThat(whole(2, 3, 1, 2, 5).compressedCounts()).isEqualTo("122O");
    assertThat(whole(45, 80).compressedCounts()).isEqualTo("``3");
  }

  @Test
  void aPartIsPlacedOnItsImage() {
    Random random = new Random(3);
    for (int[] part : new int[][] {{0, 0, 5, 4}, {3, 1, 2, 3}, {4, 0, 1, 7}, {0, 6, 5, 1}}) {
      BitSet bits = new BitSet();
      for (int i = 0; i < part[2] * part[3]; i++) {
        bits.set(i, random.nextBoolean());
      }
      Mask mask = Mask.of(7, 5, part[0], part[1], part[2], part[3], bits);
      int pixel = 0;
      int set = 0;
      int[] counts = mask.counts();
      for (int run = 0; run < counts.length; run++) {
        for (int i = 0; i < counts[run]; i++, pixel++) {
          assertThat(mask.contains(pixel / 7, pixel % 7)).isEqualTo(run % 2 == 1);
          set += run % 2;
        }
      }
      assertThat(pixel).isEqualTo(35);
      assertThat(mask.area()).isEqualTo(set).isEqualTo(bits.cardinality());
    }
  }

  @Test
  void nothingIsInsideBeyondTheImage() {
    Mask mask = whole(1, 2, 0, 1);
    assertThat(mask.contains(-1, 0)).isFalse();
    assertThat(mask.contains(2, 0)).isFalse();
    assertThat(mask.contains(0, -1)).isFalse();
    assertThat(mask.contains(1, 1)).isFalse();
  }

  @Test
  void equalPixelsAreEqualMasks() {
    BitSet one = new BitSet();
    one.set(0);
    Mask part = Mask.of(2, 3, 1, 1, 1, 1, one);
    assertThat(part).isEqualTo(whole(2, 3, 3)).hasSameHashCodeAs(whole(2, 3, 3));
    assertThat(part).isNotEqualTo(whole(3, 2, 3));
    assertThat(part).hasToString("1 pixels of 3 x 2");
  }

  @Test
  void whatIsOutsideOfTheImageIsRefused() {
    BitSet none = new BitSet();
    BitSet third = new BitSet();
    third.set(2);
    assertThatIllegalArgumentException().isThrownBy(() -> Mask.of(0, 1, 0, 0, 0, 0, none));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Mask.of(1 << 16, 1 << 15, 0, 0, 0, 0, none))
        .withMessageContaining("32768 x 65536");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Mask.of(4, 4, 2, 0, 3, 1, none))
        .withMessageContaining("3 x 1 at (2, 0)");
    assertThatIllegalArgumentException().isThrownBy(() -> Mask.of(4, 4, -1, 0, 1, 1, none));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Mask.of(4, 4, 0, 0, 2, 1, third))
        .withMessageContaining("pixel 2");
  }
}
