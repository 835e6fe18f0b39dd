package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.tests.training.Digits;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Every command on MambaOut and VMamba, which it knows by their keys alone. */
class PyramidCommandTest {
  private static final Path PICTURE = Cli.golden("images/chelsea.png");

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "mambaout_nano, mambaout_nano.safetensors",
    "mambaout_nano, mambaout_nano_timm_names.safetensors",
    "vmamba_nano, vmamba_nano.safetensors",
    "vmamba_pico_vanilla, vmamba_pico_vanilla_old_names.pth"
  })
  void forward(String name, String weights) {
    Path golden = Cli.golden(name + ".expected.safetensors");
    Path out = folder.resolve("out.safetensors");
    Cli.run("forward", "--weights", Cli.golden(weights), "--input", golden, "--output", out).ok();
    for (String key : new String[] {"logits", "features"}) {
      Cli.assertClose(Cli.read(out, key), Cli.read(golden, key));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mambaout_nano", "vmamba_nano", "vmamba_nano_vanilla"})
  void picturesOfAnySize(String name) {
    Path weights = Cli.golden(name + ".safetensors");
    assertThat(
            Cli.run("classify", PICTURE, "--weights", weights, "--image-size", "45x67").ok().out())
        .contains("%");
    Path features = folder.resolve("features.safetensors");
    Cli.run("embed", PICTURE, "--weights", weights, "--image-size", 33, "--output", features).ok();
    JsonNode info = Cli.run("info", "--weights", weights, "--json").ok().json().at("/weights");
    assertThat(info.get("architecture").asString()).isEqualTo(name.substring(0, name.indexOf('_')));
    long sum = 0;
    for (JsonNode part : info.get("multiply_adds_of")) {
      sum += part.asLong();
    }
    assertThat(info.get("multiply_adds").asLong()).isEqualTo(sum).isPositive();
  }

  /** What training writes says its settings, and is read accordingly. */
  @ParameterizedTest
  @CsvSource({
    "mambaout_nano_timm_names.safetensors, --gate-activation, silu, gate_activation",
    "vmamba_pico.safetensors, --scan, bidi, scan"
  })
  void trainedAndRun(String weights, String option, String value, String line) {
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
            Cli.golden(weights),
            option,
            value,
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
    assertThat(info.get(line).asString()).isEqualTo(value);
    assertThat(info.get("image_size").asString()).isEqualTo("20x20");
    assertThat(Cli.run("classify", PICTURE, "--weights", trained).ok().out()).contains("%");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mambaout-mini", "vmamba-mini"})
  void drawnAndMeasured(String model) {
    Path drawn = folder.resolve("mini.safetensors");
    Cli.run("init", "--model", model, "--seed", 1, "--output", drawn).ok();
    JsonNode report =
        Cli.run("bench", "--json", "--weights", drawn, "--seconds", 0.05, "--precision", "bf16")
            .ok()
            .json();
    assertThat(report.get("multiply_adds").asLong()).isPositive();
    assertThat(report.get("allocated_bytes_per_inference").asDouble()).isLessThan(1);
  }
}
