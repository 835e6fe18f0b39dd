package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.deit.Deit;
import io.panamba.model.deit.DeitConfig;
import io.panamba.model.deit.DeitInterpolation;
import io.panamba.model.deit.DeitTrait;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DeiT where it differs from other networks: names, sizes, heads. */
@OnEveryTier
class DeitGoldenTest {
  private static final double BOUND = 1e-5;

  @TempDir private Path folder;

  private static float[] logits(Path weights, Settings settings, float[] images) {
    try (Device device = Device.cpu(2);
        Network network = Network.open(weights, device, settings);
        Inference inference =
            network.plan(InferenceOptions.logits(batch(network, images), network.config()))) {
      inference.image().copyFrom(images);
      inference.run();
      return inference.logits().toFloats();
    }
  }

  private static int batch(Network network, float[] images) {
    NetworkConfig config = network.config();
    return images.length / (3 * config.image().height() * config.image().width());
  }

  @Test
  void underNamesOfTransformers() {
    String name = "deit_nano_hf_names";
    try (Checkpoint expected = NetworkGolden.expected(name)) {
      float[] logits =
          logits(
              NetworkGolden.weights(name),
              Settings.of(Deit.HEADS, 3),
              GoldenFiles.floats(expected, "image"));
      assertThat(Numbers.relativeError(logits, GoldenFiles.floats(expected, "logits")))
          .isLessThanOrEqualTo(BOUND);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"deit_nano", "deit_nano_distilled"})
  void theTrainersFileGivesTheBitsOfTheSafetensorsFile(String name) {
    try (Checkpoint expected = NetworkGolden.expected(name)) {
      float[] images = GoldenFiles.floats(expected, "image");
      Settings settings = NetworkGolden.options(name);
      assertThat(logits(GoldenFiles.path(name + ".pth"), settings, images))
          .containsExactly(logits(NetworkGolden.weights(name), settings, images));
    }
  }

  static Stream<Arguments> sizes() {
    return Stream.of("deit_nano", "deit_nano_distilled")
        .flatMap(
            name -> {
              try (Checkpoint expected = NetworkGolden.expected(name + ".sizes")) {
                return expected.keys().stream()
                    .filter(key -> key.startsWith("image."))
                    .flatMap(
                        key ->
                            Stream.of(DeitInterpolation.values())
                                .map(
                                    mode ->
                                        Arguments.of(name, key.substring("image.".length()), mode)))
                    .toList()
                    .stream();
              }
            });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void otherImageSizes(String name, String size, DeitInterpolation mode) {
    int height = Integer.parseInt(size.substring(0, size.indexOf('x')));
    int width = Integer.parseInt(size.substring(size.indexOf('x') + 1));
    Settings settings = NetworkGolden.options(name).with(Deit.POSITION_INTERPOLATION, mode);
    try (Checkpoint expected = NetworkGolden.expected(name + ".sizes");
        Device device = Device.cpu(2);
        Network network = Network.open(NetworkGolden.weights(name), device, settings);
        Inference inference =
            network.plan(new InferenceOptions(1, height, width, true, false, false))) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image." + size));
      inference.run();
      String key = "logits.%s.%s".formatted(size, mode.name().toLowerCase(Locale.ROOT));
      Numbers.assertClose(key, inference.logits(), GoldenFiles.floats(expected, key), BOUND);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"deit_nano", "deit_nano_distilled", "deit_nano_layer_scale"})
  void shapesTellTheConfiguration(String name) {
    try (Checkpoint file = NetworkGolden.expected(name);
        Device device = Device.cpu(1)) {
      Map<String, String> expected = NetworkGolden.config(file);
      Settings settings = Settings.of(Deit.HEADS, NetworkGolden.number(expected, "heads"));
      try (Network network = Network.open(NetworkGolden.weights(name), device, settings)) {
        DeitConfig config = (DeitConfig) network.config();
        assertThat(config.image().height()).isEqualTo(NetworkGolden.number(expected, "img_size"));
        assertThat(config.sizes().patch()).isEqualTo(NetworkGolden.number(expected, "patch_size"));
        assertThat(config.depth()).isEqualTo(NetworkGolden.number(expected, "depth"));
        assertThat(config.width()).isEqualTo(NetworkGolden.number(expected, "embed_dim"));
        assertThat(config.classes()).isEqualTo(NetworkGolden.number(expected, "num_classes"));
        assertThat(config.has(DeitTrait.DISTILLED))
            .isEqualTo(NetworkGolden.flag(expected, "distilled"));
        assertThat(config.has(DeitTrait.LAYER_SCALE))
            .isEqualTo(NetworkGolden.flag(expected, "layer_scale"));
        assertThat(config.has(DeitTrait.POSITIONS_OF_PATCHES))
            .isNotEqualTo(NetworkGolden.flag(expected, "pos_prefix"));
      }
    }
  }

  /** A wrong number would load and run. */
  @Test
  void theNumberOfHeadsIsNotGuessed() {
    try (Device device = Device.cpu(1)) {
      Path weights = NetworkGolden.weights("deit_nano");
      assertThatThrownBy(() -> Network.open(weights, device))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("a width of 36 is no multiple of 64")
          .hasMessageContaining("heads");
      assertThatThrownBy(() -> Network.open(weights, device, Settings.of(Deit.HEADS, 5)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("36 is not that of 5 heads");
    }
  }

  private Path beside(String config) throws IOException {
    Path weights = folder.resolve("model.safetensors");
    Files.copy(NetworkGolden.weights("deit_nano"), weights, StandardCopyOption.REPLACE_EXISTING);
    Files.writeString(folder.resolve("config.json"), config);
    return weights;
  }

  @Test
  void filesBesideTheWeights() throws IOException {
    try (Device device = Device.cpu(1)) {
      Path weights =
          beside("{\"num_attention_heads\": 4, \"layer_norm_eps\": 1e-5, \"hidden_size\": 36}");
      try (Network network = Network.open(weights, device)) {
        DeitConfig config = (DeitConfig) network.config();
        assertThat(config.sizes().heads()).isEqualTo(4);
        assertThat(config.epsilon()).isEqualTo(1e-5);
      }
      try (Network network = Network.open(weights, device, Settings.of(Deit.HEADS, 3))) {
        assertThat(((DeitConfig) network.config()).sizes().heads()).isEqualTo(3);
      }
    }
  }

  /** What they say wrongly is their fault, and said so. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"num_attention_heads\": 5} | the files beside the weights say 5 heads",
        "{\"num_attention_heads\": 0} | the files beside the weights say 0 heads",
        "{\"num_heads\": 3, \"layer_norm_eps\": -1} | layer_norm_eps of -1.0",
        "{\"num_heads\": 3, \"layer_norm_eps\": 1e-60} | layer_norm_eps of 1.0E-60",
        "{\"num_heads\": 3, \"hidden_size\": 1024} | is no multiple of 64"
      })
  void wrongFilesBesideTheWeights(String config, String message) throws IOException {
    try (Device device = Device.cpu(1)) {
      Path weights = beside(config);
      assertThatThrownBy(() -> Network.open(weights, device))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining(message);
    }
  }

  /** Transformers fine-tunes distilled networks with one head, on the class token. */
  @Test
  void aDistilledNetworkWithOneHead() {
    Settings settings = NetworkGolden.options("deit_nano_distilled");
    try (Checkpoint expected = NetworkGolden.expected("deit_nano_distilled");
        Checkpoint both = Checkpoint.open(NetworkGolden.weights("deit_nano_distilled"));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String key : both.keys()) {
        if (!key.startsWith("head_dist.")) {
          tensors.put(key, GoldenFiles.tensor(both, key, arena));
        }
      }
      try (Network network = Network.load(Checkpoint.of(tensors), device, settings);
          Inference inference = network.plan(InferenceOptions.logits(2, network.config()))) {
        inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
        inference.run();
        Numbers.assertClose(
            "logits", inference.logits(), GoldenFiles.floats(expected, "tap.logits_cls"), BOUND);
      }
    }
  }
}
