package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StageOutput;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.vmamba.Vmamba;
import io.panamba.model.vmamba.VmambaConfig;
import io.panamba.model.vmamba.VmambaStage;
import io.panamba.model.vmamba.VmambaTrait;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** VMamba where it differs from other networks: names, shapes, sizes, what is refused. */
@OnEveryTier
class VmambaGoldenTest {
  private static final double BOUND = 1e-5;
  private static final double BF16_BOUND = 2e-2;

  private static float[] logits(
      Path weights, Settings settings, int height, int width, float[] image) {
    try (Device device = Device.cpu(2);
        Network network = Network.open(weights, device, settings);
        Inference inference =
            network.plan(
                new InferenceOptions(
                    image.length / (3 * height * width), height, width, true, false, false))) {
      inference.image().copyFrom(image);
      inference.run();
      return inference.logits().toFloats();
    }
  }

  /** The same weights under other names, and in other shapes. */
  @ParameterizedTest
  @CsvSource({
    "vmamba_nano, vmamba_nano.pth",
    "vmamba_pico, vmamba_pico_conv1x1.safetensors",
    "vmamba_pico, vmamba_pico_single_file.safetensors",
    "vmamba_pico_vanilla, vmamba_pico_vanilla_single_file.safetensors",
    "vmamba_pico_vanilla, vmamba_pico_vanilla_old_names.pth"
  })
  void otherFilesGiveTheBitsOfTheSafetensorsFile(String name, String file) {
    try (Checkpoint expected = NetworkGolden.expected(name)) {
      Shape shape = expected.find("image").orElseThrow().shape();
      int height = Math.toIntExact(shape.size(2));
      int width = Math.toIntExact(shape.size(3));
      float[] image = GoldenFiles.floats(expected, "image");
      Settings settings = NetworkGolden.options(name);
      assertThat(logits(GoldenFiles.path(file), settings, height, width, image))
          .containsExactly(logits(NetworkGolden.weights(name), settings, height, width, image));
    }
  }

  static Stream<Arguments> sizes() {
    return Stream.of("vmamba_nano", "vmamba_nano_vanilla")
        .flatMap(
            name -> {
              try (Checkpoint expected = NetworkGolden.expected(name + ".sizes")) {
                return expected.keys().stream()
                    .filter(key -> key.startsWith("image."))
                    .map(key -> Arguments.of(name, key.substring("image.".length())))
                    .toList()
                    .stream();
              }
            });
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void otherImageSizes(String name, String size) {
    int height = Integer.parseInt(size.substring(0, size.indexOf('x')));
    int width = Integer.parseInt(size.substring(size.indexOf('x') + 1));
    try (Checkpoint expected = NetworkGolden.expected(name + ".sizes")) {
      float[] image = GoldenFiles.floats(expected, "image." + size);
      float[] wanted = GoldenFiles.floats(expected, "logits." + size);
      for (Precision precision : Precision.values()) {
        float[] logits =
            logits(
                NetworkGolden.weights(name),
                Settings.none().withPrecision(precision),
                height,
                width,
                image);
        assertThat(Numbers.relativeError(logits, wanted))
            .as("in %s", precision)
            .isLessThanOrEqualTo(precision == Precision.FP32 ? BOUND : BF16_BOUND);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"vmamba_nano", "vmamba_nano_s2", "vmamba_nano_vanilla", "vmamba_pico_gate"})
  void shapesTellTheConfiguration(String name) {
    try (Checkpoint file = NetworkGolden.expected(name);
        Device device = Device.cpu(1);
        Network network = Network.open(NetworkGolden.weights(name), device)) {
      Map<String, String> expected = NetworkGolden.config(file);
      VmambaConfig config = (VmambaConfig) network.config();
      double ratio = Double.parseDouble(expected.get("ssm_ratio"));
      double perceptron = Double.parseDouble(expected.get("mlp_ratio"));
      for (VmambaStage stage : config.stages()) {
        int inner = (int) (ratio * stage.dim());
        int hidden = (int) (perceptron * stage.dim());
        assertThat(stage.inner()).isEqualTo(inner);
        assertThat(stage.hidden()).isEqualTo(hidden);
        assertThat(stage.states()).isEqualTo(NetworkGolden.number(expected, "d_state"));
      }
      assertThat(config.patch()).isEqualTo(NetworkGolden.number(expected, "patch_size"));
      assertThat(config.classes()).isEqualTo(NetworkGolden.number(expected, "num_classes"));
      assertThat(config.has(VmambaTrait.GATE)).isEqualTo(NetworkGolden.flag(expected, "gate"));
      assertThat(config.has(VmambaTrait.CONV_BIAS))
          .isEqualTo(NetworkGolden.flag(expected, "conv_bias"));
      assertThat(config.has(VmambaTrait.TWO_CONVOLUTIONS))
          .isEqualTo(expected.get("patch_embed").equals("v2"));
      assertThat(config.has(VmambaTrait.CONVOLUTIONS_BETWEEN))
          .isEqualTo(!expected.get("downsample").equals("v1"));
    }
  }

  /** Of the published width and depth, with random weights, at a size that no stage divides. */
  @Test
  void aPublishedSizeInDoublePrecision() {
    int height = 45;
    int width = 70;
    Settings settings = Settings.none().withImageSize(new ImageSize(height, width));
    try (Arena arena = Arena.ofShared();
        Device device = Device.cpu(2)) {
      Map<String, Tensor> weights =
          Network.draw(Vmamba.FAMILY, Vmamba.FAMILY.preset("tiny", settings), 1, arena);
      float[] image = Random.tensor(arena, new SplittableRandom(4), 3, height, width).toFloats();
      double[] expected = new PlainVmamba(weights).logits(image, height, width);
      try (Network network = Network.load(Checkpoint.of(weights), device, settings);
          Inference inference = network.plan(InferenceOptions.logits(1, network.config()))) {
        inference.image().copyFrom(image);
        inference.run();
        float[] wanted = new float[expected.length];
        for (int i = 0; i < wanted.length; i++) {
          wanted[i] = (float) expected[i];
        }
        assertThat(Numbers.relativeError(inference.logits().toFloats(), wanted))
            .isLessThanOrEqualTo(BOUND);
      }
    }
  }

  /** Variants whose weights were never published are named in the refusal. */
  @ParameterizedTest
  @CsvSource({
    "gmlp, gated perceptrons",
    "noconv, no depthwise convolution",
    "oncnorm, convolutions behind the scan",
    "ondwconv3, convolutions behind the scan",
    "onnone, no norm behind the scan",
    "posembed, a position embedding"
  })
  void otherVariantsAreRefusedByName(String variant, String message) {
    Path weights = GoldenFiles.path("vmamba_pico_" + variant + ".safetensors");
    try (Device device = Device.cpu(1)) {
      assertThatThrownBy(() -> Network.open(weights, device))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("is a VMamba with " + message);
    }
  }

  /** What heads of dense tasks take, at a size that no stage divides. */
  @Test
  void stageOutputs() {
    try (Device device = Device.cpu(1);
        Network network = Network.open(NetworkGolden.weights("vmamba_nano"), device);
        Inference inference = network.plan(new InferenceOptions(1, 45, 50, false, false, true))) {
      inference.run();
      List<StageOutput> outputs = network.config().withImage(new ImageSize(45, 50)).stageOutputs();
      assertThat(outputs).extracting(StageOutput::stride).containsExactly(4, 8, 16, 32);
      for (StageOutput output : outputs) {
        assertThat(inference.tap(output.tap()).orElseThrow().shape())
            .isEqualTo(Shape.of(1, output.grid().pixels(), output.channels()));
      }
    }
  }
}
