package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.tests.training.Digits;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Every command takes a DeiT by its keys alone. */
class DeitCommandTest {
  private static final Path PICTURE = Cli.golden("images/chelsea.png");

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "deit_nano.safetensors, deit_nano, 3",
    "deit_nano.pth, deit_nano, 3",
    "deit_nano_distilled.pth, deit_nano_distilled, 3",
    "deit_nano_layer_scale.safetensors, deit_nano_layer_scale, 2"
  })
  void forward(String weights, String expected, int heads) {
    Path golden = Cli.golden(expected + ".expected.safetensors");
    Path out = folder.resolve("out.safetensors");
    Cli.run(
            "forward",
            "--weights",
            Cli.golden(weights),
            "--heads",
            heads,
            "--input",
            golden,
            "--output",
            out)
        .ok();
    for (String key : new String[] {"logits", "features", "tokens"}) {
      Cli.assertClose(Cli.read(out, key), Cli.read(golden, key));
    }
  }

  @Test
  void theNumberOfHeadsIsAskedFor() {
    Path weights = Cli.golden("deit_nano.safetensors");
    Object[] classify = {"classify", PICTURE, "--weights", weights};
    assertThat(Cli.run(classify).error())
        .contains("a width of 36 is no multiple of 64")
        .contains("heads");
    assertThat(Cli.run(with(classify, "--heads", 5)).error()).contains("36 is not that of 5 heads");
    assertThat(Cli.run(with(classify, "--heads", 3, "--stride", 4)).misuse())
        .contains("DeiT has no setting 'stride'");
    assertThat(
            Cli.run(with(classify, "--heads", 3, "--position-interpolation", "aligned")).misuse())
        .contains("DeiT");
  }

  private static Object[] with(Object[] words, Object... more) {
    return Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray();
  }

  /** What training writes says its heads and its epsilon, and is read accordingly. */
  @Test
  void trainedAndRun() {
    Path data = Digits.some(folder.resolve("digits.safetensors"), 60);
    Path trained = folder.resolve("trained.safetensors");
    Cli.Result training =
        Cli.run(
            "train",
            "--data",
            data,
            "--output",
            trained,
            "--weights",
            Cli.golden("deit_nano_hf_names.safetensors"),
            "--heads",
            3,
            "--epochs",
            1,
            "--batch-size",
            8,
            "--drop-path",
            0.2,
            "--image-size",
            20);
    assertThat(training.code()).as("%s", training).isZero();
    JsonNode info = Cli.run("info", "--weights", trained, "--json").ok().json().at("/weights");
    assertThat(info.get("architecture").asString()).isEqualTo("deit");
    assertThat(info.get("heads").asInt()).isEqualTo(3);
    assertThat(info.get("norm_epsilon").asDouble()).isEqualTo(1e-12);
    assertThat(info.get("image_size").asString()).isEqualTo("20x20");
    assertThat(Cli.run("classify", PICTURE, "--weights", trained).ok().out()).contains("%");
    Path features = folder.resolve("features.safetensors");
    Cli.run("embed", PICTURE, "--weights", trained, "--output", features).ok();
    assertThat(
            Cli.run("embed", PICTURE, "--weights", trained, "--output", features, "--full-size")
                .code())
        .isNotZero();
  }

  @Test
  void drawnAndMeasured() {
    Path drawn = folder.resolve("mini.safetensors");
    Cli.run("init", "--model", "deit-mini", "--seed", 1, "--output", drawn).ok();
    JsonNode report =
        Cli.run("bench", "--json", "--weights", drawn, "--seconds", 0.05, "--precision", "bf16")
            .ok()
            .json();
    // 65 tokens, 5 blocks.
    assertThat(report.get("multiply_adds").asLong())
        .isEqualTo(5L * (65 * 12 * 64 * 64 + 2 * 65 * 65 * 64) + 64 * 48 * 64 + 640);
    assertThat(report.get("allocated_bytes_per_inference").asDouble()).isLessThan(1);
  }
}
