package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.tests.kit.GoldenFiles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command that finds things. */
class DetectCommandTest {
  private static final String WEIGHTS =
      GoldenFiles.path("dense/vim_nano_cascade.safetensors").toString();
  private static final String PICTURE = GoldenFiles.path("dense/vim_nano_cascade.png").toString();

  @TempDir private Path folder;

  @Test
  void resultsAreThoseOfCoco() throws IOException {
    Path numbered = Files.copy(Path.of(PICTURE), folder.resolve("000042.png"));
    Path overlay = folder.resolve("overlay.png");
    Cli.Result run =
        Cli.run(
            "detect",
            numbered.toString(),
            "--weights",
            WEIGHTS,
            "--json",
            "--overlay",
            overlay.toString());
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode results = run.json();
    assertThat(results.size()).isEqualTo(26);
    JsonNode first = results.get(0);
    assertThat(first.get("image_id").asInt()).isEqualTo(42);
    assertThat(first.get("category_id").asInt()).isBetween(1, 5);
    assertThat(first.get("bbox").size()).isEqualTo(4);
    assertThat(first.get("segmentation").get("size").get(0).asInt()).isEqualTo(97);
    assertThat(first.get("segmentation").get("size").get(1).asInt()).isEqualTo(150);
    assertThat(first.get("segmentation").get("counts").asString()).isNotEmpty();
    for (int i = 1; i < results.size(); i++) {
      assertThat(results.get(i).get("score").asDouble())
          .isLessThanOrEqualTo(results.get(i - 1).get("score").asDouble());
    }
    BufferedImage drawing = ImageIO.read(overlay.toFile());
    assertThat(drawing.getWidth()).isEqualTo(150);
    assertThat(drawing.getHeight()).isEqualTo(97);
  }

  @Test
  void linesAndLimits() {
    Cli.Result run =
        Cli.run(
            "detect", PICTURE, "--weights", WEIGHTS, "--best", "3", "--no-masks", "--score", "0.1");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines().count()).isEqualTo(4);
  }

  @Test
  void wrongArguments() {
    assertThat(Cli.run("detect", PICTURE, "--weights", WEIGHTS, "--score", "2").code())
        .isEqualTo(2);
    assertThat(Cli.run("detect", PICTURE, "--weights", WEIGHTS, "--best", "0").code()).isEqualTo(2);
    Cli.Result other =
        Cli.run(
            "detect",
            PICTURE,
            "--weights",
            GoldenFiles.path("dense/vim_nano_upernet.safetensors").toString());
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("detection");
  }

  @Test
  void aPictureThatCantBeReadIsReported() throws IOException {
    Path text = Files.writeString(folder.resolve("text.png"), "no picture");
    Cli.Result run = Cli.run("detect", text.toString(), PICTURE, "--weights", WEIGHTS, "--json");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("text.png");
    assertThat(run.json().size()).isEqualTo(26);
  }
}
