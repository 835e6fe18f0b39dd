package io.panamba.model.vim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VimWeightsTest {
  private static final Settings DEFAULTS = Settings.none();

  @ParameterizedTest
  @CsvSource({
    "tiny, 16, 7148008", "tiny, 8, 7250344",
    "small, 16, 25796584", "small, 8, 26001256",
    "base, 16, 97598440"
  })
  void parametersAreAsManyAsPublished(String preset, int stride, long parameters) {
    try (Arena arena = Arena.ofConfined()) {
      var tensors =
          Network.draw(
              Vim.FAMILY, Vim.FAMILY.preset(preset, DEFAULTS.with(Vim.STRIDE, stride)), 1, arena);
      assertThat(tensors.values().stream().mapToLong(t -> t.shape().elements()).sum())
          .isEqualTo(parameters);
    }
  }

  @Test
  void keysAndShapesOfTinyAreThePublishedOnes() {
    List<String> keys = new ArrayList<>();
    keys.addAll(List.of("cls_token", "pos_embed", "patch_embed.proj.weight"));
    keys.addAll(List.of("patch_embed.proj.bias", "head.weight", "head.bias"));
    for (int i = 0; i < 24; i++) {
      for (String name :
          List.of(
              "mixer.A_log",
              "mixer.D",
              "mixer.A_b_log",
              "mixer.D_b",
              "mixer.in_proj.weight",
              "mixer.conv1d.weight",
              "mixer.conv1d.bias",
              "mixer.x_proj.weight",
              "mixer.dt_proj.weight",
              "mixer.dt_proj.bias",
              "mixer.conv1d_b.weight",
              "mixer.conv1d_b.bias",
              "mixer.x_proj_b.weight",
              "mixer.dt_proj_b.weight",
              "mixer.dt_proj_b.bias",
              "mixer.out_proj.weight",
              "norm.weight")) {
        keys.add("layers." + i + "." + name);
      }
    }
    keys.add("norm_f.weight");
    try (Arena arena = Arena.ofConfined()) {
      var tensors = Network.draw(Vim.FAMILY, Vim.FAMILY.preset("tiny", DEFAULTS), 1, arena);
      assertThat(tensors.sequencedKeySet()).hasSize(415).containsExactlyElementsOf(keys);
      assertThat(shape(tensors, "cls_token")).isEqualTo(Shape.of(1, 1, 192));
      assertThat(shape(tensors, "pos_embed")).isEqualTo(Shape.of(1, 197, 192));
      assertThat(shape(tensors, "patch_embed.proj.weight")).isEqualTo(Shape.of(192, 3, 16, 16));
      assertThat(shape(tensors, "head.weight")).isEqualTo(Shape.of(1000, 192));
      assertThat(shape(tensors, "layers.3.mixer.A_b_log")).isEqualTo(Shape.of(384, 16));
      assertThat(shape(tensors, "layers.3.mixer.in_proj.weight")).isEqualTo(Shape.of(768, 192));
      assertThat(shape(tensors, "layers.3.mixer.conv1d_b.weight")).isEqualTo(Shape.of(384, 1, 4));
      assertThat(shape(tensors, "layers.3.mixer.x_proj.weight")).isEqualTo(Shape.of(44, 384));
      assertThat(shape(tensors, "layers.3.mixer.dt_proj_b.weight")).isEqualTo(Shape.of(384, 12));
      assertThat(shape(tensors, "layers.3.mixer.out_proj.weight")).isEqualTo(Shape.of(192, 384));
    }
  }

  private static Shape shape(Map<String, Tensor> tensors, String key) {
    return tensors.get(key).shape();
  }

  @Test
  void aSeedDecidesEveryBit() {
    try (Arena arena = Arena.ofConfined()) {
      var first = Network.draw(Vim.FAMILY, Vim.FAMILY.preset("nano", DEFAULTS), 5, arena);
      var second = Network.draw(Vim.FAMILY, Vim.FAMILY.preset("nano", DEFAULTS), 5, arena);
      var other = Network.draw(Vim.FAMILY, Vim.FAMILY.preset("nano", DEFAULTS), 6, arena);
      assertThat(first).hasSize(58);
      first.forEach(
          (key, tensor) ->
              assertThat(tensor.segment().mismatch(second.get(key).segment())).isEqualTo(-1));
      assertThat(first.get("cls_token").segment().mismatch(other.get("cls_token").segment()))
          .isNotEqualTo(-1);
      // What a seed draws must not change from release to release.
      assertThat(first.get("cls_token").toFloats())
          .startsWith(-0.04360073f, 0.006151442f, -0.022066724f);
    }
  }

  @Test
  void numbersAreDistributedAsInTheOriginal() {
    try (Arena arena = Arena.ofConfined()) {
      SequencedMap<String, Tensor> tensors =
          Network.draw(Vim.FAMILY, Vim.FAMILY.preset("tiny", DEFAULTS), 3, arena);
      hasDeviation(tensors, "pos_embed", 0.02);
      hasDeviation(tensors, "head.weight", 0.02);
      hasDeviation(tensors, "patch_embed.proj.weight", Math.sqrt(1 / 768.0) / 0.8796);
      isUniform(tensors, "layers.0.mixer.in_proj.weight", Math.sqrt(1 / 192.0));
      isUniform(tensors, "layers.0.mixer.x_proj_b.weight", Math.sqrt(1 / 384.0));
      isUniform(tensors, "layers.0.mixer.conv1d.weight", 0.5);
      isUniform(tensors, "layers.0.mixer.conv1d_b.bias", 0.5);
      isUniform(tensors, "layers.0.mixer.dt_proj.weight", Math.sqrt(1 / 12.0));
      isUniform(tensors, "layers.23.mixer.out_proj.weight", Math.sqrt(1 / 384.0 / 24));
      for (float bias : tensors.get("layers.7.mixer.dt_proj.bias").toFloats()) {
        assertThat(Math.log1p(Math.exp(bias))).isBetween(0.000999, 0.1001);
      }
      assertThat(tensors.get("layers.7.mixer.dt_proj_b.bias").toFloats()).containsOnly(0);
      assertThat(tensors.get("layers.7.mixer.D_b").toFloats()).containsOnly(1);
      assertThat(tensors.get("layers.7.norm.weight").toFloats()).containsOnly(1);
      assertThat(tensors.get("head.bias").toFloats()).containsOnly(0);
      float[] a = tensors.get("layers.7.mixer.A_b_log").toFloats();
      assertThat(a[0]).isZero();
      assertThat(a[16 * 5 + 15]).isEqualTo((float) Math.log(16));
    }
  }

  private static void hasDeviation(Map<String, Tensor> tensors, String key, double expected) {
    float[] values = tensors.get(key).toFloats();
    double sum = 0;
    double squares = 0;
    for (float value : values) {
      sum += value;
      squares += (double) value * value;
    }
    double mean = sum / values.length;
    double deviation = Math.sqrt(squares / values.length - mean * mean);
    assertThat(mean).as(key).isBetween(-0.02 * expected, 0.02 * expected);
    assertThat(deviation).as(key).isBetween(0.98 * expected, 1.02 * expected);
  }

  private static void isUniform(Map<String, Tensor> tensors, String key, double bound) {
    float[] values = tensors.get(key).toFloats();
    double largest = 0;
    double sum = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
      sum += Math.abs(value);
    }
    assertThat(largest).as(key).isBetween(0.98 * bound, bound * (1 + 1e-6));
    assertThat(sum / values.length).as(key).isBetween(0.45 * bound, 0.55 * bound);
  }

  @Test
  void classTokensFollowTheOptions() {
    try (Arena arena = Arena.ofConfined()) {
      var none =
          Network.draw(
              Vim.FAMILY,
              Vim.FAMILY.preset("nano", DEFAULTS.with(Vim.CLASS_TOKEN, ClassToken.NONE)),
              1,
              arena);
      assertThat(none).doesNotContainKey("cls_token");
      assertThat(shape(none, "pos_embed")).isEqualTo(Shape.of(1, 16, 32));
      var twofold =
          Network.draw(
              Vim.FAMILY,
              Vim.FAMILY.preset("nano", DEFAULTS.with(Vim.CLASS_TOKEN, ClassToken.DOUBLE)),
              1,
              arena);
      assertThat(twofold).containsKeys("cls_token_head", "cls_token_tail");
      assertThat(shape(twofold, "pos_embed")).isEqualTo(Shape.of(1, 18, 32));
    }
  }

  @Test
  void refusesGridsThatACheckpointCannotTell() {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(
              () ->
                  Network.draw(
                      Vim.FAMILY,
                      Vim.FAMILY.preset("nano", DEFAULTS.withImageSize(new ImageSize(32, 64))),
                      1,
                      arena))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("4 x 8");
      assertThatThrownBy(() -> Vim.FAMILY.preset("nano", DEFAULTS.withImageSize(4)))
          .hasMessageContaining("patch of 8");
      assertThatThrownBy(() -> Vim.FAMILY.preset("nano", DEFAULTS.with(Vim.STRIDE, 0)))
          .hasMessageContaining("stride");
    }
  }

  @Test
  void presetsCostWhatTheirLiteratureSays() {
    assertThat(Vim.FAMILY.preset("tiny", DEFAULTS).cost().multiplyAdds() / 1e9)
        .isBetween(1.292, 1.294);
    assertThat(Vim.FAMILY.preset("small", DEFAULTS).cost().multiplyAdds() / 1e9)
        .isBetween(4.850, 4.852);
    assertThat(Vim.FAMILY.preset("base", DEFAULTS.withImageSize(512)).cost().multiplyAdds() / 1e9)
        .isBetween(97.637, 97.639);
    assertThat(Vim.FAMILY.preset("tiny", DEFAULTS.withImageSize(1248)).cost().scanUpdates() / 1e9)
        .isBetween(1.794, 1.796);
  }
}
