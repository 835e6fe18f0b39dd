package io.panamba.model.vim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RotaryEmbeddingTest {
  @Test
  void theFirstTokenDoesNotTurn() {
    RotaryEmbedding.Tables tables = RotaryEmbedding.of(2, 3, 4);
    assertThat(tables.cos()).hasSize(24).startsWith(1, 1, 1, 1);
    assertThat(tables.sin()).hasSize(24).startsWith(0, 0, 0, 0);
  }

  /** Of which an array can't hold the numbers, or an int not count them. */
  @ParameterizedTest
  @CsvSource({"10000, 10000, 32", "100000, 100000, 4", "2147483647, 2147483647, 64"})
  void gridsThatAreTooLarge(int height, int width, int dim) {
    assertThatThrownBy(() -> RotaryEmbedding.of(height, width, dim))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too large for a rotary embedding");
  }
}
