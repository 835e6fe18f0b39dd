package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configurations beside a checkpoint. */
class SidecarConfigTest {
  private static final String TIMM =
      """
      {
        "architecture": "deit_tiny_patch16_224",
        "num_classes": 1000,
        "global_pool": "token",
        "model_args": {"num_heads": 4},
        "pretrained_cfg": {
          "input_size": [3, 224, 224],
          "interpolation": "bicubic",
          "crop_pct": 0.9,
          "mean": [0.485, 0.456, 0.406],
          "std": [0.229, 0.224, 0.225],
          "num_classes": 10,
          "pool_size": null
        }
      }
      """;

  @TempDir private Path folder;
  private Path weights;

  @BeforeEach
  void write() {
    weights = folder.resolve("model.safetensors");
    SafetensorsWriter.write(
        weights, Map.of("w", Tensor.of(Arena.ofAuto(), Shape.of(1), 1)), Map.of());
  }

  private SidecarConfig beside() {
    try (Checkpoint checkpoint = Checkpoint.open(weights)) {
      return SidecarConfig.beside(checkpoint);
    }
  }

  private SidecarConfig with(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
    return beside();
  }

  @Test
  void nothingIsRequired() {
    SidecarConfig nothing = beside();
    assertThat(nothing.wholeNumber("num_heads")).isEmpty();
    assertThat(nothing.numbers("mean")).isEmpty();
    assertThat(nothing.has("mean")).isFalse();
    assertThat(SidecarConfig.files(weights)).isEmpty();
  }

  @Test
  void asTimmWritesIt() throws IOException {
    SidecarConfig config = with("config.json", TIMM);
    assertThat(config.text("architecture")).contains("deit_tiny_patch16_224");
    assertThat(config.wholeNumber("num_attention_heads", "num_heads")).contains(4);
    assertThat(config.number("crop_pct")).contains(0.9);
    assertThat(config.numbers("image_mean", "mean").orElseThrow())
        .containsExactly(0.485, 0.456, 0.406);
    assertThat(config.wholeNumbers("input_size").orElseThrow()).containsExactly(3, 224, 224);
    // What stands outside counts.
    assertThat(config.wholeNumber("num_classes")).contains(1000);
    assertThat(config.wholeNumber("pretrained_cfg.num_classes")).contains(10);
    assertThat(config.has("pool_size")).isFalse();
    assertThat(SidecarConfig.files(weights)).containsExactly(folder.resolve("config.json"));
  }

  @Test
  void asTransformersWritesIt() throws IOException {
    with("config.json", "{\"num_attention_heads\": 3, \"hidden_size\": 192, \"image_size\": 224}");
    SidecarConfig config =
        with(
            "preprocessor_config.json",
            """
            {"do_resize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [1, 1, 1],
             "size": {"height": 256, "width": 256}, "crop_size": 224, "resample": 3}\
            """);
    assertThat(config.wholeNumber("num_attention_heads", "num_heads")).contains(3);
    assertThat(config.numbers("image_std").orElseThrow()).containsExactly(1.0, 1.0, 1.0);
    assertThat(config.flag("do_resize")).contains(true);
    assertThat(config.wholeNumber("size", "size.height")).contains(256);
    assertThat(config.wholeNumber("crop_size.height", "crop_size")).contains(224);
    assertThat(SidecarConfig.files(weights))
        .containsExactly(folder.resolve("preprocessor_config.json"), folder.resolve("config.json"));
  }

  @Test
  void aCheckpointInMemoryHasNothingBesideIt() throws IOException {
    with("config.json", TIMM);
    try (Checkpoint checkpoint = Checkpoint.read(weights.toString(), Files.readAllBytes(weights))) {
      assertThat(SidecarConfig.beside(checkpoint).has("architecture")).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'[1, 2]' | this is no JSON object",
        "'{\"a\": 1' | the JSON file ends early",
        "'{\"a\": NaN}' | a value is expected (at character 6 of the file)",
        "'{\"a\": 1, \"a\": 2}' | the name \"a\" comes twice",
        "'' | the JSON file ends early"
      })
  void damagedFiles(String text, String message) {
    assertThatThrownBy(() -> with("config.json", text))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("config.json")
        .hasMessageContaining(message);
  }

  @Test
  void aFileOfAnySizeIsNotRead() throws IOException {
    assertThatThrownBy(() -> with("config.json", " ".repeat((1 << 24) + 1)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("a configuration of 16777217 bytes; expected at most 16777216");
  }

  @Test
  void otherTypesAreErrorsThatNameThem() throws IOException {
    SidecarConfig config =
        with(
            "config.json",
            "{\"a\": \"3\", \"b\": 2.5, \"c\": -1, \"d\": [1, \"x\"], \"e\": {}, \"f\": 1e999}");
    assertThatThrownBy(() -> config.wholeNumber("a"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageEndingWith("config.json: a is '3'; expected a whole number up to 2147483647");
    assertThatThrownBy(() -> config.wholeNumber("b")).hasMessageContaining("b is 2.5");
    assertThatThrownBy(() -> config.wholeNumber("c")).hasMessageContaining("c is -1");
    assertThatThrownBy(() -> config.numbers("d"))
        .hasMessageContaining("a value of d is 'x'; expected a finite number");
    assertThatThrownBy(() -> config.numbers("b")).hasMessageContaining("expected a list");
    assertThatThrownBy(() -> config.text("b")).hasMessageContaining("b is 2.5; expected a text");
    assertThatThrownBy(() -> config.flag("c")).hasMessageContaining("expected true or false");
    assertThat(config.text("e")).isEmpty();
    assertThatThrownBy(() -> config.number("f")).hasMessageContaining("f is Infinity");
  }
}
