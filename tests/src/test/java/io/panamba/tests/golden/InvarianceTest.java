package io.panamba.tests.golden;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.vim.Vim;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bits of an image's results do not depend on its batch, on the number of threads, on the run,
 * or on what else is asked for.
 */
@OnEveryTier
class InvarianceTest {
  private static final int[] THREADS = {1, 2, 3};

  static List<String> names() {
    return NetworkGolden.names();
  }

  /** Copies of the results of one image alone, on one thread, with nothing else asked for. */
  private record Reference(Tensor logits, Tensor features) {
    void assertEqualTo(Inference inference, int image, String what) {
      Numbers.assertSameBits("logits, " + what, inference.logits().slice(image, 1), logits);
      Numbers.assertSameBits("features, " + what, inference.features().slice(image, 1), features);
    }
  }

  private static Tensor copy(Arena arena, Tensor tensor) {
    return Tensor.of(arena, tensor.shape(), tensor.toFloats());
  }

  private static InferenceOptions logits(Network vim, int batch) {
    return InferenceOptions.logits(batch, vim.config());
  }

  private static List<Reference> references(
      Function<Device, Network> network, Tensor images, Arena arena) {
    try (Device device = Device.cpu(1);
        Network vim = network.apply(device);
        Inference inference = vim.plan(logits(vim, 1))) {
      return List.of(
          reference(inference, images, 0, arena), reference(inference, images, 1, arena));
    }
  }

  private static Reference reference(Inference inference, Tensor images, int image, Arena arena) {
    inference.image().copyFrom(images.slice(image, 1).toFloats());
    inference.run();
    return new Reference(copy(arena, inference.logits()), copy(arena, inference.features()));
  }

  static Stream<Arguments> networks() {
    return Stream.of(Precision.values())
        .flatMap(precision -> names().stream().map(name -> Arguments.of(name, precision)));
  }

  @ParameterizedTest
  @MethodSource("networks")
  void bitsOfAnImageAreItsOwn(String name, Precision precision) {
    Settings options = NetworkGolden.options(name).withPrecision(precision);
    try (Checkpoint expected = NetworkGolden.expected(name);
        Arena arena = Arena.ofConfined()) {
      check(
          device -> Network.open(NetworkGolden.weights(name), device, options),
          images(GoldenFiles.tensor(expected, "image", arena), arena));
    }
  }

  /** Two images, drawn where the file has one. */
  private static Tensor images(Tensor golden, Arena arena) {
    long[] sizes = golden.shape().toArray();
    if (sizes[0] > 1) {
      return golden;
    }
    sizes[0] = 2;
    return Random.tensor(arena, new SplittableRandom(3), sizes);
  }

  /** Wide enough for tiles of every kind, and a length that is no multiple of anything. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void bitsOfAPublishedSize(Precision precision) {
    Settings options =
        Settings.none().withImageSize(80).with(Vim.STRIDE, 12).withPrecision(precision);
    try (Arena arena = Arena.ofShared()) {
      Checkpoint weights =
          Checkpoint.of(Network.draw(Vim.FAMILY, Vim.FAMILY.preset("tiny", options), 1, arena));
      check(
          device -> Network.load(weights, device, options),
          Random.tensor(arena, new SplittableRandom(2), 2, 3, 80, 80));
    }
  }

  private static void check(Function<Device, Network> network, Tensor images) {
    try (Arena arena = Arena.ofConfined()) {
      List<Reference> references = references(network, images, arena);
      for (int threads : THREADS) {
        try (Device device = Device.cpu(threads);
            Network vim = network.apply(device)) {
          for (InferenceOptions options : variants(vim.config())) {
            check(vim, options, images, references, options + " on " + threads + " threads");
          }
        }
      }
    }
  }

  private static List<InferenceOptions> variants(NetworkConfig config) {
    return List.of(
        InferenceOptions.logits(1, config),
        InferenceOptions.logits(2, config),
        InferenceOptions.logits(5, config),
        InferenceOptions.logits(2, config).withTokens(),
        InferenceOptions.logits(2, config).withTaps(),
        InferenceOptions.logits(1, config).withTokens().withTaps());
  }

  /** Image i of the batch is golden image i modulo 2; everything runs twice. */
  private static void check(
      Network vim,
      InferenceOptions options,
      Tensor images,
      List<Reference> references,
      String what) {
    try (Inference inference = vim.plan(options)) {
      for (int image = 0; image < options.batch(); image++) {
        inference
            .image()
            .slice(image, 1)
            .copyFrom(images.slice(image % references.size(), 1).toFloats());
      }
      for (int run = 0; run < 2; run++) {
        inference.run();
        for (int image = 0; image < options.batch(); image++) {
          references
              .get(image % references.size())
              .assertEqualTo(inference, image, "image %d of %s".formatted(image, what));
        }
      }
    }
  }
}
