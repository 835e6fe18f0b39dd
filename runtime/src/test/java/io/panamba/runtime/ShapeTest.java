package io.panamba.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ShapeTest {
  @Test
  void sizesAndElements() {
    Shape shape = Shape.of(2, 197, 192);
    assertThat(shape.rank()).isEqualTo(3);
    assertThat(shape.elements()).isEqualTo(2L * 197 * 192);
    assertThat(shape.size(1)).isEqualTo(197);
    assertThat(shape.size(-1)).isEqualTo(192);
    assertThat(shape).hasToString("(2, 197, 192)");
  }

  @Test
  void aScalarHasOneElement() {
    assertThat(Shape.of().elements()).isEqualTo(1);
    assertThat(Shape.of()).hasToString("()");
  }

  @Test
  void shapesAreValues() {
    long[] sizes = {2, 3};
    Shape shape = Shape.of(sizes);
    sizes[0] = 7;
    shape.toArray()[1] = 7;
    assertThat(shape).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
    assertThat(shape).isNotEqualTo(Shape.of(3, 2)).isNotEqualTo(Shape.of(2, 3, 1));
  }

  @Test
  void anEmptyAxisMakesItEmptyHoweverLargeTheOthersAre() {
    assertThat(Shape.of(Long.MAX_VALUE, 0, Long.MAX_VALUE).elements()).isZero();
  }

  static long[][] tooLarge() {
    return new long[][] {
      {Long.MAX_VALUE},
      {Long.MAX_VALUE / 16 + 1},
      {1L << 32, 1L << 32},
      {1L << 31, 1L << 31, 4},
      {3037000500L, 3037000500L},
      {Long.MAX_VALUE, Long.MAX_VALUE},
      {1, 1L << 60}
    };
  }

  @ParameterizedTest
  @MethodSource("tooLarge")
  void byteSizesCannotOverflow(long... sizes) {
    assertThatThrownBy(() -> Shape.of(sizes))
        .isInstanceOf(ShapeException.class)
        .hasMessageStartingWith("a tensor of shape [")
        .hasMessageEndingWith("] is too large");
  }

  @Test
  void theLargestShape() {
    assertThat(Shape.of(Long.MAX_VALUE / 16).elements()).isEqualTo(Long.MAX_VALUE / 16);
  }

  @Test
  void negativeSizesAreRefused() {
    assertThatThrownBy(() -> Shape.of(2, -1))
        .isInstanceOf(ShapeException.class)
        .hasMessage("a shape has no negative sizes: [2, -1]");
  }

  @Test
  void axesThatAreNotThere() {
    assertThatThrownBy(() -> Shape.of(2, 3).size(2))
        .isInstanceOf(ShapeException.class)
        .hasMessage("shape (2, 3) has no axis 2");
    assertThatThrownBy(() -> Shape.of(2, 3).size(-3)).isInstanceOf(ShapeException.class);
  }
}
