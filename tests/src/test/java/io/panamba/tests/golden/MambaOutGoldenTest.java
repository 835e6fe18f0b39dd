package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Recognised;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StageOutput;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.mambaout.MambaOut;
import io.panamba.model.mambaout.MambaOutActivation;
import io.panamba.model.mambaout.MambaOutConfig;
import io.panamba.model.mambaout.MambaOutStage;
import io.panamba.model.mambaout.MambaOutTrait;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** MambaOut where it differs from other networks: names, sizes, the activation. */
@OnEveryTier
class MambaOutGoldenTest {
  private static final double BOUND = 1e-5;
  private static final double BF16_BOUND = 2e-2;
  private static final String NANO = "mambaout_nano";

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

  private static float[] logitsOfNano(Path weights) {
    try (Checkpoint expected = NetworkGolden.expected(NANO)) {
      return logits(weights, Settings.none(), 32, 32, GoldenFiles.floats(expected, "image"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mambaout_nano.pth",
        "mambaout_nano_trainer.pth",
        "mambaout_nano_timm_names.safetensors"
      })
  void otherFilesGiveTheBitsOfTheSafetensorsFile(String file) {
    assertThat(logitsOfNano(GoldenFiles.path(file)))
        .containsExactly(logitsOfNano(NetworkGolden.weights(NANO)));
  }

  @ParameterizedTest
  @CsvSource({"96, 32", "33, 47", "7, 7", "5, 3", "1, 1"})
  void otherImageSizes(int height, int width) {
    String size = height + "x" + width;
    try (Checkpoint expected =
        Checkpoint.open(GoldenFiles.path("mambaout_nano.sizes.expected.safetensors"))) {
      float[] image = GoldenFiles.floats(expected, "image." + size);
      float[] wanted = GoldenFiles.floats(expected, "logits." + size);
      Path weights = NetworkGolden.weights(NANO);
      for (Precision precision : Precision.values()) {
        assertThat(
                Numbers.relativeError(
                    logits(weights, Settings.none().withPrecision(precision), height, width, image),
                    wanted))
            .isLessThanOrEqualTo(precision == Precision.FP32 ? BOUND : BF16_BOUND);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {NANO, "mambaout_nano_rw", "mambaout_nano_rw_gelu"})
  void shapesTellTheConfiguration(String name) {
    try (Checkpoint file = NetworkGolden.expected(name);
        Device device = Device.cpu(1);
        Network network = Network.open(NetworkGolden.weights(name), device)) {
      Map<String, String> expected = NetworkGolden.config(file);
      MambaOutConfig config = (MambaOutConfig) network.config();
      assertThat(config.stages())
          .extracting(MambaOutStage::depth)
          .containsExactlyElementsOf(blocks(file));
      double expansion = Double.parseDouble(expected.get("expansion"));
      double ratio = Double.parseDouble(expected.get("conv_ratio"));
      for (MambaOutStage stage : config.stages()) {
        int hidden = (int) (expansion * stage.dim());
        int convolved = (int) (ratio * stage.dim());
        assertThat(stage.hidden()).isEqualTo(hidden);
        assertThat(stage.convolved()).isEqualTo(convolved);
      }
      assertThat(config.activation())
          .isEqualTo(MambaOutActivation.valueOf(NetworkGolden.upper(expected, "act")));
      Map.of(
              "stem_norm", MambaOutTrait.STEM_NORM,
              "norm_first", MambaOutTrait.NORM_FIRST,
              "layer_scale", MambaOutTrait.LAYER_SCALE,
              "head_norm", MambaOutTrait.HEAD_NORM)
          .forEach(
              (key, trait) ->
                  assertThat(config.has(trait)).isEqualTo(NetworkGolden.flag(expected, key)));
      assertThat(config.classes()).isEqualTo(NetworkGolden.number(expected, "num_classes"));
    }
  }

  /** The blocks of each stage, by their taps. */
  private static List<Integer> blocks(Checkpoint expected) {
    return Stream.of(0, 1, 2, 3)
        .map(
            stage ->
                (int)
                    expected.keys().stream()
                        .filter(key -> key.startsWith("tap.stages." + stage + "."))
                        .count())
        .toList();
  }

  /** A network that was saved without its head is trained with a new one. */
  @Test
  void aHeadIsDrawnWhereThereIsNone() {
    try (Checkpoint whole = Checkpoint.open(NetworkGolden.weights(NANO));
        Arena arena = Arena.ofShared();
        Device device = Device.cpu(1)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String key : whole.keys()) {
        if (!key.startsWith("head.")) {
          tensors.put(key, GoldenFiles.tensor(whole, key, arena));
        }
      }
      Recognised<MambaOutConfig> headless =
          Architectures.recognise(MambaOut.FAMILY, Checkpoint.of(tensors));
      Settings settings = Settings.none().withImageSize(32);
      MambaOutConfig config = MambaOut.FAMILY.withClasses(headless.read(settings), 4);
      try (Trainer trainer =
          new Trainer(
              MambaOut.FAMILY,
              config,
              Network.fit(headless, config, 1, arena),
              TrainingOptions.defaults().withBatch(2),
              device)) {
        assertThat(trainer.weights(arena)).containsKeys("head.fc1.weight", "head.norm.weight");
        assertThat(trainer.step(1e-4f)).isPositive();
      }
    }
  }

  @Test
  void theActivationCanBeChosen() {
    try (Device device = Device.cpu(1);
        Network network =
            Network.open(
                NetworkGolden.weights(NANO),
                device,
                Settings.of(MambaOut.ACTIVATION, MambaOutActivation.SILU))) {
      assertThat(((MambaOutConfig) network.config()).activation())
          .isEqualTo(MambaOutActivation.SILU);
    }
  }

  /** What heads of dense tasks take, at a size that no stage divides. */
  @Test
  void stageOutputs() {
    try (Device device = Device.cpu(1);
        Network network = Network.open(NetworkGolden.weights(NANO), device);
        Inference inference = network.plan(new InferenceOptions(1, 33, 47, false, false, true))) {
      inference.run();
      var outputs = network.config().withImage(new ImageSize(33, 47)).stageOutputs();
      assertThat(outputs).extracting(StageOutput::stride).containsExactly(4, 8, 16, 32);
      for (StageOutput output : outputs) {
        assertThat(inference.tap(output.tap()).orElseThrow().shape())
            .isEqualTo(Shape.of(1, output.grid().pixels(), output.channels()));
      }
    }
  }
}
