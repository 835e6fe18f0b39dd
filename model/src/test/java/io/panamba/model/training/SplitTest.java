package io.panamba.model.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitTest {
  @ParameterizedTest
  @CsvSource({"1797, 0.2, 359", "10, 0, 0", "10, 0.26, 3", "1, 0.4, 0"})
  void everyImageIsOnOneSide(int size, double part, int heldOut) {
    Split split = Split.of(size, part, 5);
    assertThat(split.heldOut()).hasSize(heldOut).isSorted();
    assertThat(split.trained()).hasSize(size - heldOut).isSorted();
    assertThat(IntStream.concat(IntStream.of(split.heldOut()), IntStream.of(split.trained())))
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, size).boxed().toList());
  }

  @Test
  void theSeedDecides() {
    assertThat(Split.of(100, 0.2, 1).heldOut()).isEqualTo(Split.of(100, 0.2, 1).heldOut());
    assertThat(Split.of(100, 0.2, 1).heldOut()).isNotEqualTo(Split.of(100, 0.2, 2).heldOut());
  }

  /** A model's held-out images must stay the same ones, or later versions would test on trained. */
  @Test
  void theChoiceIsForEver() {
    assertThat(Split.of(20, 0.2, 0).heldOut()).containsExactly(0, 8, 11, 14);
  }
}
