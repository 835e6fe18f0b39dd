package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.StreamedInference;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.block.PositionInterpolation;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.ArrayImage;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** An image that is streamed has the bits of one that is run as a whole. */
@OnEveryTier
class StreamTest {
  private static final String NANO = "vim_nano";

  @TempDir Path folder;

  /** The networks that can be streamed to one vector. */
  static List<String> names() {
    return NetworkGolden.ofVim().stream()
        .filter(name -> !name.matches(".*(rope|layer_bidirectional|nocls_max)"))
        .toList();
  }

  private static Tensor copy(Arena arena, Tensor tensor) {
    return Tensor.of(arena, tensor.shape(), tensor.toFloats());
  }

  private static ArrayImage image(VimConfig config, int height, int width) {
    int colours = config.colours();
    float[] pixels =
        Random.floats(new SplittableRandom(7L * height + width), (long) colours * height * width);
    return new ArrayImage(pixels, colours, height, width);
  }

  /** Asserts bits, and that progress rises to its total. */
  private static void check(Network vim, StreamOptions options, String what) {
    ArrayImage image = image((VimConfig) vim.config(), options.height(), options.width());
    try (Arena arena = Arena.ofConfined();
        Inference whole =
            vim.plan(
                new InferenceOptions(1, options.height(), options.width(), true, false, false)
                    .withTile(0))) {
      Tensor input = whole.image();
      image.read(0, input.slice(0, 1).reshape(shapeOfPlanes(input)));
      whole.run();
      Tensor logits = copy(arena, whole.logits());
      Tensor features = copy(arena, whole.features());
      try (StreamedInference streamed = vim.stream(options)) {
        for (int run = 0; run < 2; run++) {
          List<Long> progress = new ArrayList<>();
          streamed.run(
              image,
              (done, total) -> {
                assertThat(total).isEqualTo(streamed.tokens() * vim.config().depth());
                progress.add(done);
              });
          assertThat(progress).isSorted().endsWith(streamed.tokens() * vim.config().depth());
          Numbers.assertSameBits("features of " + what, streamed.features(), features);
          Numbers.assertSameBits("logits of " + what, streamed.logits(), logits);
        }
      }
    }
  }

  private static Shape shapeOfPlanes(Tensor image) {
    return Shape.of(image.shape().size(1), image.shape().size(2), image.shape().size(3));
  }

  private static void check(String name, Settings network, int height, int width) {
    for (Precision precision : Precision.values()) {
      checkOne(name, network.withPrecision(precision), height, width);
    }
  }

  private static void checkOne(String name, Settings network, int height, int width) {
    try (Device device = Device.cpu(2);
        Network vim = Network.open(NetworkGolden.weights(name), device, network)) {
      StreamOptions options = StreamOptions.of(height, width, vim.config());
      for (int tile : new int[] {8, 19, 64, StreamOptions.DEFAULT_TILE}) {
        check(vim, options.withTile(tile), "%s in tiles of %d".formatted(name, tile));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bitsOfTheWhole(String name) {
    check(name, NetworkGolden.options(name), 72, 40);
  }

  /** Odd grids have their middle class token inside of a strip, even ones between two. */
  @ParameterizedTest
  @CsvSource({"8, 8", "32, 32", "33, 47", "40, 24", "8, 200", "200, 8", "15, 16", "79, 79"})
  void bitsOfEverySize(int height, int width) {
    check(NANO, NetworkGolden.options(NANO), height, width);
  }

  @ParameterizedTest
  @CsvSource({"4, 40, 72", "3, 31, 33", "11, 60, 47"})
  void bitsOfEveryStride(int stride, int height, int width) {
    check(NANO, NetworkGolden.options(NANO).with(Vim.STRIDE, stride), height, width);
  }

  @ParameterizedTest
  @EnumSource
  void bitsOfEveryInterpolation(PositionInterpolation mode) {
    for (String name : List.of(NANO, "vim_nano_double_cls", "vim_nano_head_cls")) {
      check(name, NetworkGolden.options(name).with(Vim.POSITION_INTERPOLATION, mode), 48, 56);
    }
  }

  @Test
  void aFileHasTheBitsOfMemoryAndGoesAway() throws IOException {
    try (Device device = Device.cpu(2);
        Network vim =
            Network.open(NetworkGolden.weights(NANO), device, NetworkGolden.options(NANO))) {
      StreamOptions options =
          StreamOptions.of(56, 64, vim.config()).withTile(16).withFolder(folder);
      check(vim, options, "a file");
      long inMemory = workspace(vim, StreamOptions.of(56, 64, vim.config()).withTile(16));
      assertThat(workspace(vim, options)).isLessThan(inMemory);
    }
    assertEmpty(folder);
  }

  private static long workspace(Network vim, StreamOptions options) {
    try (StreamedInference streamed = vim.stream(options)) {
      return streamed.workspaceBytes();
    }
  }

  private static void assertEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  /** Of the sequence there are the residual stream and one scan, as far as memory goes. */
  @Test
  void memoryGrowsByTwoRowsAToken() {
    try (Device device = Device.cpu(1);
        Network vim =
            Network.open(NetworkGolden.weights(NANO), device, NetworkGolden.options(NANO))) {
      VimConfig config = (VimConfig) vim.config();
      int side = 32 * config.sizes().patch();
      StreamOptions small = StreamOptions.of(side, side, config).withTile(8);
      StreamOptions large = StreamOptions.of(4 * side, side, config).withTile(8);
      long tokens = 3L * 32 * 32;
      long expected = tokens * (config.width() + config.sizes().inner()) * Float.BYTES;
      // Tiles of an odd length differ by a token.
      long slack = 32L * config.sizes().inner() * Float.BYTES;
      assertThat(workspace(vim, large) - workspace(vim, small))
          .isBetween(expected - slack, expected + slack);
    }
  }
}
