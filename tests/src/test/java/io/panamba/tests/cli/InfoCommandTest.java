package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.runtime.LibraryInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What the command says about itself and about checkpoints. */
class InfoCommandTest {
  @Test
  void theInstallation() {
    JsonNode report = Cli.run("info", "--threads", 1, "--json").ok().json();
    LibraryInfo library = LibraryInfo.current();
    assertThat(report.at("/library/path").asString()).isEqualTo(library.path().toString());
    assertThat(report.at("/library/sha256").asString()).isEqualTo(library.sha256());
    assertThat(report.at("/library/tier").asString()).isEqualTo(library.tier());
    assertThat(report.at("/library/abi").asInt()).isEqualTo(library.abiVersion());
    assertThat(report.at("/library/build").asString()).isEqualTo(library.build());
    assertThat(report.at("/library/tiers").size()).isEqualTo(library.tiers().size());
    assertThat(report.get("jdk").asString()).contains(System.getProperty("java.runtime.version"));
    assertThat(report.get("os").asString()).contains(System.getProperty("os.arch"));
    assertThat(report.get("cpu").asString()).isNotBlank();
    assertThat(report.get("threads").asInt()).isEqualTo(1);
    assertThat(report.at("/devices/0").asString())
        .isEqualTo("cpu (%s, 1 thread)".formatted(library.tier()));
    assertThat(report.has("weights")).isFalse();
  }

  @Test
  void aCheckpoint() {
    JsonNode weights =
        Cli.run("info", "--weights", Cli.golden("vim_nano.pth"), "--json")
            .ok()
            .json()
            .get("weights");
    assertThat(weights.get("image_size").asString()).isEqualTo("32x32");
    assertThat(weights.get("patch").asInt()).isEqualTo(8);
    assertThat(weights.get("depth").asInt()).isEqualTo(3);
    assertThat(weights.get("dim").asInt()).isEqualTo(32);
    assertThat(weights.get("classes").asInt()).isEqualTo(10);
    assertThat(weights.get("class_token").asString()).isEqualTo("middle");
    assertThat(weights.get("bimamba").asString()).isEqualTo("v2");
    assertThat(weights.get("parameters").asLong()).isEqualTo(48_298);
    // 17 tokens, three layers: 3 * 17 * (3 * 64 * 32 + 2 * (34 + 2 + 4) * 64) + 16 * 192 * 32 +
    // 320.
    assertThat(weights.get("multiply_adds").asLong()).isEqualTo(673_088);
    assertThat(weights.get("scan_updates").asLong()).isEqualTo(3 * 2 * 17 * 64 * 16);
    assertThat(weights.get("weight_bytes").asLong()).isGreaterThan(48_298 * 4L);
    assertThat(weights.get("bytes_per_image").asLong()).isGreaterThan(3 * 32 * 32 * 4L);
  }

  @Test
  void theSameForPeople() {
    assertThat(Cli.run("info", "--weights", Cli.golden("vim_nano_rope.safetensors")).ok().out())
        .contains("sha256", LibraryInfo.current().sha256())
        .containsPattern("tier +" + LibraryInfo.current().tier())
        .containsPattern("rope +yes")
        .containsPattern("image size +32x32");
  }

  @Test
  void optionsShowTheirEffect() {
    JsonNode weights =
        Cli.run(
                "info",
                "--weights",
                Cli.golden("vim_nano.pth"),
                "--image-size",
                "64x32",
                "--no-divide-out",
                "--json")
            .ok()
            .json()
            .get("weights");
    assertThat(weights.get("tokens").asInt()).isEqualTo(33);
    assertThat(weights.get("divide_out").asBoolean()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"--image-size=3, smaller than a patch of 8", "--image-size=999999, needs more than"})
  void optionsThatDoNotFit(String option, String complaint) {
    assertThat(Cli.run("info", "--weights", Cli.golden("vim_nano.pth"), option).error())
        .contains(complaint);
  }

  @Test
  void aBadCheckpointLeavesTheRest() {
    Cli.Result result = Cli.run("info", "--weights", Cli.golden("images/coins.png"), "--json");
    assertThat(result.error()).contains("neither a PyTorch nor a safetensors file");
    assertThat(result.json().at("/library/sha256").asString()).hasSize(64);
  }
}
