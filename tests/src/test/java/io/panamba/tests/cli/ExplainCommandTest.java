package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command that shows where a network sees a class. */
class ExplainCommandTest {
  private static final Path DIGIT = Path.of("..", "docs", "images", "digit-7.png");

  @TempDir private Path folder;

  @Test
  void aMapOverThePictureAndItsNumbers() throws IOException {
    Path drawing = folder.resolve("map.png");
    Path numbers = folder.resolve("map.safetensors");
    JsonNode answer =
        Cli.run("explain", DIGIT, "--json", "--output", drawing, "--tensor", numbers).ok().json();
    assertThat(answer.get("label").asString()).isEqualTo("7");
    int height = answer.get("height").asInt();
    int width = answer.get("width").asInt();
    float[] map = Cli.read(numbers, "map");
    assertThat(map).hasSize(height * width);
    assertThat(answer.get("map").get(3).floatValue()).isEqualTo(map[3]);
    BufferedImage picture = ImageIO.read(drawing.toFile());
    assertThat(picture.getWidth()).isGreaterThanOrEqualTo(256);
  }

  @Test
  void anotherClass() {
    JsonNode answer = Cli.run("explain", DIGIT, "--class", "1", "--json").ok().json();
    assertThat(answer.get("index").asInt()).isEqualTo(1);
    assertThat(Cli.run("explain", DIGIT, "--class", "12").error()).contains("no class '12'");
  }

  @Test
  void aFieldOfSeveralPictures() throws IOException {
    Path drawing = folder.resolve("field.png");
    Path other = Path.of("..", "docs", "images", "digit-8.png");
    Cli.run("explain", DIGIT, other, "--field", "--output", drawing).ok();
    assertThat(ImageIO.read(drawing.toFile()).getWidth()).isGreaterThanOrEqualTo(256);
    assertThat(Cli.run("explain", DIGIT, other).misuse()).contains("--field");
  }
}
