package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.Pooling;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.vim.Bimamba;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.model.vim.VimTrait;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks of every kind against double precision, layer by layer. */
@OnEveryTier
class NetworkGoldenTest {
  private static final double BOUND = 1e-5;

  /** Of networks in bfloat16. */
  private static final double BF16_BOUND = 2e-2;

  /** Of weights in float16. */
  private static final double HALF_BOUND = 5e-3;

  private static final String NANO = "vim_nano";

  private static Device device;

  @BeforeAll
  static void open() {
    device = Device.cpu(2);
  }

  @AfterAll
  static void close() {
    device.close();
  }

  static List<String> names() {
    return NetworkGolden.names();
  }

  private static InferenceOptions everything(NetworkConfig config, int batch) {
    return InferenceOptions.logits(batch, config).withTokens().withTaps();
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyResultIsTheExpectedOne(String name) {
    check(name, Precision.FP32, BOUND);
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyResultInBfloat16(String name) {
    check(name, Precision.BF16, BF16_BOUND);
  }

  private static void check(String name, Precision precision, double bound) {
    try (Checkpoint expected = NetworkGolden.expected(name);
        Network vim =
            Network.open(
                NetworkGolden.weights(name),
                device,
                NetworkGolden.options(expected).withPrecision(precision));
        Inference inference = vim.plan(everything(vim.config(), NetworkGolden.batch(expected)))) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
      inference.run();
      NetworkGolden.assertEverything(name, inference, expected, bound);
    }
  }

  static List<String> ofVim() {
    return NetworkGolden.ofVim();
  }

  @ParameterizedTest
  @MethodSource("ofVim")
  void shapesTellTheConfiguration(String name) {
    try (Checkpoint file = NetworkGolden.expected(name)) {
      Map<String, String> expected = NetworkGolden.config(file);
      try (Network vim =
          Network.open(NetworkGolden.weights(name), device, NetworkGolden.options(file))) {
        VimConfig config = (VimConfig) vim.config();
        assertThat(config.image().height()).isEqualTo(NetworkGolden.number(expected, "img_size"));
        assertThat(config.image().width()).isEqualTo(NetworkGolden.number(expected, "img_size"));
        assertThat(config.colours()).isEqualTo(NetworkGolden.number(expected, "channels"));
        assertThat(config.sizes().patch()).isEqualTo(NetworkGolden.number(expected, "patch_size"));
        assertThat(config.depth()).isEqualTo(NetworkGolden.number(expected, "depth"));
        assertThat(config.width()).isEqualTo(NetworkGolden.number(expected, "embed_dim"));
        assertThat(config.sizes().inner())
            .isEqualTo(
                NetworkGolden.number(expected, "expand")
                    * NetworkGolden.number(expected, "embed_dim"));
        assertThat(config.sizes().states()).isEqualTo(NetworkGolden.number(expected, "d_state"));
        assertThat(config.sizes().kernel()).isEqualTo(NetworkGolden.number(expected, "d_conv"));
        assertThat(config.classes()).isEqualTo(NetworkGolden.number(expected, "num_classes"));
        assertThat(config.bimamba())
            .isEqualTo(Bimamba.valueOf(NetworkGolden.upper(expected, "mamba")));
        assertThat(config.hasRotary()).isEqualTo(NetworkGolden.flag(expected, "rope"));
        assertThat(config.has(VimTrait.LAYER_SCALE))
            .isEqualTo(NetworkGolden.flag(expected, "layer_scale"));
        assertThat(config.has(VimTrait.LAYER_NORM))
            .isEqualTo(NetworkGolden.flag(expected, "layer_norm"));
      }
    }
  }

  private static float[] logits(Path weights) {
    try (Checkpoint expected = NetworkGolden.expected(NANO);
        Network vim = Network.open(weights, device, NetworkGolden.options(NANO));
        Inference inference = vim.plan(InferenceOptions.logits(2, vim.config()))) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
      inference.run();
      return inference.logits().toFloats();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vim_nano.pth", "vim_nano_bare.pth", "vim_nano_legacy.pth"})
  void aPyTorchFileGivesTheBitsOfTheSafetensorsFile(String file) {
    assertThat(logits(GoldenFiles.path(file))).containsExactly(logits(NetworkGolden.weights(NANO)));
  }

  @Test
  void weightsInFloat16() {
    try (Checkpoint expected = NetworkGolden.expected(NANO)) {
      assertThat(
              Numbers.relativeError(
                  logits(GoldenFiles.path("vim_nano_fp16_module_prefix.pth")),
                  GoldenFiles.floats(expected, "logits")))
          .isLessThanOrEqualTo(HALF_BOUND);
    }
  }

  @ParameterizedTest
  @CsvSource({"48, 48, ALIGNED", "48, 48, REPO", "32, 64, ALIGNED", "24, 40, ALIGNED"})
  void otherImageSizes(int height, int width, PositionInterpolation mode) {
    Settings options = NetworkGolden.options(NANO).with(Vim.POSITION_INTERPOLATION, mode);
    String size = height + "x" + width;
    try (Checkpoint expected =
            Checkpoint.open(GoldenFiles.path("vim_nano.sizes.expected.safetensors"));
        Network vim = Network.open(NetworkGolden.weights(NANO), device, options);
        Inference inference =
            vim.plan(new InferenceOptions(1, height, width, true, false, false))) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image." + size));
      inference.run();
      String key = "logits.%s.%s".formatted(size, mode.name().toLowerCase(Locale.ROOT));
      Numbers.assertClose(key, inference.logits(), GoldenFiles.floats(expected, key), BOUND);
    }
  }

  /** Pooling 'max' takes, for each class, the largest of what 'all' gives for every token. */
  @Test
  void logitsOfEveryToken() {
    String name = "vim_nano_nocls_max";
    try (Checkpoint expected = NetworkGolden.expected(name);
        Network vim =
            Network.open(
                NetworkGolden.weights(name),
                device,
                NetworkGolden.options(name).with(Vim.POOLING, Pooling.ALL));
        Inference inference = vim.plan(InferenceOptions.logits(2, vim.config()))) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
      inference.run();
      int classes = vim.config().classes();
      int length = Math.toIntExact(vim.config().tokens());
      assertThat(inference.logits().shape()).isEqualTo(Shape.of(2, length, classes));
      float[] every = inference.logits().toFloats();
      float[] largest = new float[2 * classes];
      Arrays.fill(largest, Float.NEGATIVE_INFINITY);
      for (int i = 0; i < every.length; i++) {
        int answer = i / (length * classes) * classes + i % classes;
        largest[answer] = Math.max(largest[answer], every[i]);
      }
      assertThat(Numbers.relativeError(largest, GoldenFiles.floats(expected, "logits")))
          .isLessThanOrEqualTo(BOUND);
    }
  }
}
