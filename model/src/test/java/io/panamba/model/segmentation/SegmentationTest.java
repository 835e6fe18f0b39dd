package io.panamba.model.segmentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SegmentationTest {
  @Test
  void theClassesOfAde20k() {
    assertThat(Ade20k.names()).hasSize(150).startsWith("wall", "building", "sky").endsWith("flag");
    assertThat(Ade20k.palette().size()).isEqualTo(150);
    assertThat(Ade20k.palette().colour(0)).isEqualTo(0x787878);
    assertThat(Ade20k.palette().colour(2)).isEqualTo(0x06E6E6);
  }

  @Test
  void generatedColoursDiffer() {
    Palette palette = Palette.generated(LabelMap.MAX_CLASSES);
    Set<Integer> colours = new HashSet<>();
    for (int i = 0; i < palette.size(); i++) {
      colours.add(palette.colour(i));
    }
    assertThat(colours).hasSize(LabelMap.MAX_CLASSES).doesNotContain(0);
    assertThat(palette.colour(0)).isEqualTo(0x800000);
    assertThat(palette.colour(8)).isEqualTo(0xC00000);
    assertThatIllegalArgumentException().isThrownBy(() -> Palette.generated(0));
    assertThatIllegalArgumentException().isThrownBy(() -> Palette.of(0x1000000));
  }

  @Test
  void classesArePresentByTheirShare() {
    LabelMap map = LabelMap.of(2, 3, 4, new short[] {3, 1, 3, 0, 3, 1});
    assertThat(map.shares()).containsExactly(1 / 6.0, 2 / 6.0, 0, 3 / 6.0);
    assertThat(map.at(2, 1)).isEqualTo(1);
    assertThat(new Segmentation(map, List.of("a", "b", "c", "d"), Palette.generated(4)).present())
        .containsExactly(
            new ClassShare(3, "d", 0.5),
            new ClassShare(1, "b", 2 / 6.0),
            new ClassShare(0, "a", 1 / 6.0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Segmentation(map, List.of("a", "b"), Palette.generated(4)));
  }

  @Test
  void indicesAreUnsigned() {
    LabelMap map = LabelMap.of(1, 1, LabelMap.MAX_CLASSES, new short[] {-1});
    assertThat(map.at(0, 0)).isEqualTo(65_535);
    assertThat(map.shares()[65_535]).isOne();
  }

  @Test
  void wrongMapsAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LabelMap.of(1, 2, 2, new short[] {0, 2}))
        .withMessageContaining("2 is no class of 2");
    assertThatIllegalArgumentException().isThrownBy(() -> LabelMap.of(1, 2, 2, new short[1]));
    assertThatIllegalArgumentException().isThrownBy(() -> LabelMap.of(0, 2, 2, new short[0]));
    LabelMap map = LabelMap.of(2, 2, 1, new short[4]);
    assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> map.at(2, 0));
    assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> map.at(0, 2));
  }
}
