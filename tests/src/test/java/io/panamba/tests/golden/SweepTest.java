package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.Pooling;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A network that works tile by tile has the bits of one that works on whole sequences. */
@OnEveryTier
class SweepTest {
  private static final int BATCH = 2;
  private static final int WHOLE = 0;
  private static final int SMALLEST = 8;

  /** Copies of what an inference gave; tokens if they were asked for. */
  private record Results(Tensor logits, Tensor features, Optional<Tensor> tokens) {}

  static List<String> names() {
    return NetworkGolden.ofVim();
  }

  private static InferenceOptions options(Network vim, int tile, boolean tokens) {
    VimConfig config = (VimConfig) vim.config();
    return new InferenceOptions(
            BATCH, config.image().height(), config.image().width(), true, tokens, false)
        .withTile(tile);
  }

  private static Results run(Network vim, InferenceOptions options, Arena arena) {
    try (Inference inference = vim.plan(options)) {
      long pixels = inference.image().shape().elements();
      inference.image().copyFrom(Random.floats(new SplittableRandom(pixels), pixels));
      inference.run();
      inference.run();
      return new Results(
          copy(arena, inference.logits()),
          copy(arena, inference.features()),
          options.tokens() ? Optional.of(copy(arena, inference.tokens())) : Optional.empty());
    }
  }

  private static Tensor copy(Arena arena, Tensor tensor) {
    return Tensor.of(arena, tensor.shape(), tensor.toFloats());
  }

  private static void check(Network vim, int tile, boolean tokens) {
    try (Arena arena = Arena.ofConfined()) {
      Results whole = run(vim, options(vim, WHOLE, tokens), arena);
      Results tiled = run(vim, options(vim, tile, tokens), arena);
      String what = ", tiles of %d of %d".formatted(tile, vim.config().tokens());
      Numbers.assertSameBits("logits" + what, tiled.logits, whole.logits);
      Numbers.assertSameBits("features" + what, tiled.features, whole.features);
      if (tokens) {
        Numbers.assertSameBits(
            "tokens" + what, tiled.tokens.orElseThrow(), whole.tokens.orElseThrow());
      }
    }
  }

  /**
   * Tiles of the smallest size, of half the sequence, so that the first ends with a class token in
   * the middle, and of one token less than the sequence.
   */
  private static void check(String name, Settings options) {
    for (Precision precision : Precision.values()) {
      checkOne(name, options.withPrecision(precision));
    }
  }

  private static void checkOne(String name, Settings options) {
    try (Device device = Device.cpu(2);
        Network vim =
            Network.open(
                NetworkGolden.weights(name),
                device,
                options.withImageSize(new ImageSize(48, 72)))) {
      int length = Math.toIntExact(vim.config().tokens());
      for (int tile : new int[] {SMALLEST, 11, length / 2, (length + 1) / 2, length - 1, length}) {
        check(vim, tile, false);
        check(vim, tile, true);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bitsOfTheWhole(String name) {
    check(name, NetworkGolden.options(name));
  }

  @ParameterizedTest
  @EnumSource
  void bitsOfEveryPooling(Pooling pooling) {
    String name = "vim_nano_nocls_mean";
    check(name, NetworkGolden.options(name).with(Vim.POOLING, pooling));
  }

  /** What a network takes for a token: the residual stream, x and y, and the image and position. */
  @Test
  void memoryGrowsByThreeRowsAToken() {
    String name = "vim_nano";
    try (Device device = Device.cpu(1);
        Network vim =
            Network.open(NetworkGolden.weights(name), device, NetworkGolden.options(name))) {
      VimConfig config = (VimConfig) vim.config();
      int side = 16 * config.sizes().patch();
      long small = workspace(vim, side, side);
      long large = workspace(vim, 2 * side, side);
      long tokens = 16L * 16;
      long pixels = (long) config.colours() * config.sizes().patch() * config.sizes().patch();
      // Tiles of an odd length differ by a token.
      long slack = 32L * config.sizes().inner() * Float.BYTES;
      assertThat(large - small)
          .isBetween(
              tokens * (pixels + config.width() + 2L * config.sizes().inner()) * Float.BYTES
                  - slack,
              tokens * (pixels + config.width() + 2L * config.sizes().inner()) * Float.BYTES
                  + slack);
    }
  }

  private static long workspace(Network vim, int height, int width) {
    try (Inference inference =
        vim.plan(new InferenceOptions(1, height, width, true, false, false).withTile(SMALLEST))) {
      return inference.workspaceBytes();
    }
  }

  @Test
  void tilesThatAreTooSmall() {
    for (int tile : new int[] {-1, 1, SMALLEST - 1}) {
      assertThatThrownBy(() -> new InferenceOptions(1, 32, 32, true, false, false).withTile(tile))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "a tile has at least 8 tokens, or 0 for whole sequences; not %d".formatted(tile));
    }
  }
}
