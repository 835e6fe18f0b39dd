package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.image.ImageException;
import io.panamba.model.image.RgbImage;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DrawingTest {
  static int colour(RgbImage image, int x, int y) {
    int at = (y * image.width() + x) * 3;
    byte[] pixels = image.pixels();
    return (pixels[at] & 255) << 16 | (pixels[at + 1] & 255) << 8 | (pixels[at + 2] & 255);
  }

  static RgbImage grey(int width, int height) {
    byte[] samples = new byte[width * height * 3];
    Arrays.fill(samples, (byte) 100);
    return RgbImage.of(width, height, samples);
  }

  /** Counts pixels of a colour in a part of a picture. */
  static int count(RgbImage image, int colour, int left, int top, int right, int bottom) {
    int count = 0;
    for (int y = top; y < bottom; y++) {
      for (int x = left; x < right; x++) {
        count += colour(image, x, y) == colour ? 1 : 0;
      }
    }
    return count;
  }

  @Test
  void everyPrintableCharacterHasALetterOfItsOwn() {
    Set<String> letters = new HashSet<>();
    for (char c = ' '; c <= '~'; c++) {
      StringBuilder dots = new StringBuilder();
      for (int y = 0; y < PixelFont.HEIGHT; y++) {
        for (int x = 0; x < 5; x++) {
          dots.append(PixelFont.hasDot(c, x, y));
        }
      }
      assertThat(letters.add(dots.toString())).as("letter of %s", c).isTrue();
    }
    assertThat(PixelFont.hasDot('T', 2, 6)).isTrue();
    assertThat(PixelFont.hasDot('T', 0, 6)).isFalse();
  }

  @Test
  void otherCharactersAreFrames() {
    for (char c : new char[] {'\n', '\u00E9', '\uFFFF', 0}) {
      assertThat(PixelFont.hasDot(c, 0, 3)).isTrue();
      assertThat(PixelFont.hasDot(c, 2, 3)).isFalse();
    }
  }

  @Test
  void textHasItsWidth() {
    assertThat(PixelFont.width("")).isZero();
    assertThat(PixelFont.width("ab")).isEqualTo(11);
    Drawing drawing = Drawing.on(grey(1, 1), 40, 20);
    drawing.text("HH", 1, 2, 2, 0xFF0000);
    RgbImage image = drawing.image();
    // The outer sides of both letters.
    assertThat(colour(image, 1, 2)).isEqualTo(0xFF0000);
    assertThat(colour(image, 2 * PixelFont.width("HH"), 2)).isEqualTo(0xFF0000);
    assertThat(colour(image, 2 * PixelFont.width("HH") + 1, 2)).isEqualTo(Drawing.WHITE);
    assertThat(colour(image, 1, 2 + 2 * 7)).isEqualTo(Drawing.WHITE);
  }

  @Test
  void whatIsOutsideIsLeftOut() {
    Drawing drawing = Drawing.on(grey(4, 3), 4, 3);
    drawing.text("W", 3, -3, 1, 0xFF0000);
    drawing.fill(-5, -5, 7, 6, 0x0000FF);
    drawing.fill(3, 2, Integer.MAX_VALUE, Integer.MAX_VALUE, 0x00FF00);
    drawing.frame(1, 1, 0, 0, 3, 0xFF0000);
    RgbImage image = drawing.image();
    assertThat(count(image, 0x0000FF, 0, 0, 4, 3)).isEqualTo(2);
    assertThat(count(image, 0x00FF00, 0, 0, 4, 3)).isEqualTo(1);
  }

  @Test
  void aDrawingIsWhiteAroundItsPicture() {
    RgbImage picture = grey(3, 2);
    RgbImage image = Drawing.on(picture, 4, 5).image();
    assertThat(count(image, 0x646464, 0, 0, 3, 2)).isEqualTo(6);
    assertThat(count(image, Drawing.WHITE, 0, 0, 4, 5)).isEqualTo(14);
    assertThatThrownBy(() -> Drawing.on(picture, 1 << 20, 1 << 20))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("too large");
  }

  @Test
  void letterColoursAreReadable() {
    assertThat(Drawing.readableOn(0xFFFF00)).isEqualTo(Drawing.BLACK);
    assertThat(Drawing.readableOn(0x0000FF)).isEqualTo(Drawing.WHITE);
    assertThat(Drawing.shortened("a".repeat(1000))).hasSize(40).endsWith("a...");
    assertThat(Drawing.dot(grey(1, 1))).isEqualTo(1);
    assertThat(Drawing.dot(grey(640, 1))).isEqualTo(2);
  }
}
