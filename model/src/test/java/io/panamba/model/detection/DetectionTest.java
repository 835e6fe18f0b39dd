package io.panamba.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class DetectionTest {
  @Test
  void cocosClassesHaveIdsWithGaps() {
    assertThat(Coco.names()).hasSize(80).startsWith("person").endsWith("toothbrush");
    assertThat(Coco.names()).doesNotHaveDuplicates();
    assertThat(Coco.categoryId(0, 80)).isEqualTo(1);
    assertThat(Coco.categoryId(11, 80)).isEqualTo(13);
    assertThat(Coco.categoryId(79, 80)).isEqualTo(90);
  }

  @Test
  void otherDetectorsCountFromOne() {
    assertThat(Coco.categoryId(11, 81)).isEqualTo(12);
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> Coco.categoryId(5, 5));
  }

  @Test
  void aBoxHasFiniteSidesInTheirOrder() {
    assertThat(new Box(1, 2, 1, 4).isEmpty()).isTrue();
    assertThat(new Box(1, 2, 3, 5).isEmpty()).isFalse();
    assertThat(new Box(1, 2, 3, 5).height()).isEqualTo(3);
    assertThatIllegalArgumentException().isThrownBy(() -> new Box(2, 0, 1, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Box(0, Float.NaN, 1, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Box(0, 0, Float.POSITIVE_INFINITY, 1));
  }

  @Test
  void aScoreIsAProbability() {
    Box box = new Box(0, 0, 1, 1);
    assertThat(new Detection(box, 0, "cat", 1, null).pixels()).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Detection(box, 0, "cat", Float.NaN, null));
    assertThatIllegalArgumentException().isThrownBy(() -> new Detection(box, -1, "cat", 1, null));
  }
}
