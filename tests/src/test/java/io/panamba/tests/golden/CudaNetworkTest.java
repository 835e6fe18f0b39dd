package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.internal.cuda.FakeCuda;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Gpu;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.PresetNetwork;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks of every kind on a GPU against double precision, layer by layer. */
@Tag("gpu")
class CudaNetworkTest {
  private static final double BOUND = 1e-5;
  private static final double BF16_BOUND = 2e-2;
  private static final String NANO = "vim_nano";
  private static final int LAYERS = 3;

  static Stream<Arguments> networks() {
    return Gpu.inEveryPrecision(List.of(Gpu.values()), NetworkGolden.names());
  }

  private static Network open(String name, Device device, Precision precision) {
    return Network.open(
        NetworkGolden.weights(name), device, NetworkGolden.options(name).withPrecision(precision));
  }

  @ParameterizedTest
  @MethodSource("networks")
  void everyResultIsTheExpectedOne(Gpu gpu, Precision precision, String name) {
    double bound = precision == Precision.FP32 ? BOUND : BF16_BOUND;
    try (Checkpoint expected = NetworkGolden.expected(name);
        Device device = gpu.open();
        Network vim = open(name, device, precision)) {
      InferenceOptions options =
          InferenceOptions.logits(NetworkGolden.batch(expected), vim.config());
      try (Inference inference = vim.plan(options.withTokens().withTaps())) {
        run(inference, expected);
        NetworkGolden.assertEverything(name, inference, expected, bound);
      }
      try (Inference inference = vim.plan(options)) {
        run(inference, expected);
        NetworkGolden.assertAnswer(inference, expected, bound);
      }
    }
  }

  private static void run(Inference inference, Checkpoint expected) {
    inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
    inference.run();
  }

  /**
   * Norm, in_proj as one product, convolution, both x_proj as one, scan and out_proj; beside layers
   * the pixels' copy, the embedding's gather, product and place, norm, pool, head and its bias, and
   * the copies of logits and features.
   */
  @Test
  void aLayerIsSixSteps() {
    FakeCuda fake = new FakeCuda(1);
    try (Device device = fake.open(0);
        Network vim = open(NANO, device, Precision.BF16)) {
      assertThat(steps(fake, vim, 1)).isEqualTo(6L * LAYERS + 10);
      assertThat(steps(fake, vim, 33)).isEqualTo(6L * LAYERS + 10);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "small"})
  void aLayerOfAPublishedSizeIsSixSteps(String size) {
    FakeCuda fake = new FakeCuda(1);
    try (Device device = fake.open(0);
        Network vim =
            PresetNetwork.open(size, device, Settings.none().withPrecision(Precision.BF16))) {
      assertThat(steps(fake, vim, 1)).isEqualTo(6L * 24 + 10);
    }
  }

  /** Copies, products and kernels of a graph. */
  private static long steps(FakeCuda fake, Network network, int batch) {
    fake.forgetCalls();
    network.plan(InferenceOptions.logits(batch, network.config())).close();
    List<String> calls = fake.calls();
    return calls.subList(calls.indexOf("beginCapture"), calls.indexOf("endCapture")).stream()
        .filter(Set.of("copy", "multiply", "run")::contains)
        .count();
  }

  static Stream<Arguments> variants() {
    return Stream.of(Gpu.values())
        .flatMap(gpu -> Stream.of(Precision.values()).map(each -> Arguments.of(gpu, each)));
  }

  /** The bits of an image are its own, whatever batch it is in. */
  @ParameterizedTest
  @MethodSource("variants")
  void bitsOfAnImageAreItsOwn(Gpu gpu, Precision precision) {
    try (Checkpoint expected = NetworkGolden.expected(NANO);
        Device device = gpu.open();
        Network vim = open(NANO, device, precision);
        Inference alone = vim.plan(InferenceOptions.logits(1, vim.config()))) {
      float[] images = GoldenFiles.floats(expected, "image");
      int size = images.length / 2;
      float[] second = Arrays.copyOfRange(images, size, 2 * size);
      alone.image().copyFrom(second);
      alone.run();
      for (int batch : new int[] {2, 5, 33}) {
        try (Inference many = vim.plan(InferenceOptions.logits(batch, vim.config()))) {
          for (int i = 0; i < batch; i++) {
            many.image().slice(i, 1).copyFrom(second);
          }
          for (int run = 0; run < 2; run++) {
            many.run();
            for (int i = 0; i < batch; i++) {
              Numbers.assertSameBits(
                  "image %d of %d".formatted(i, batch), many.logits().slice(i, 1), alone.logits());
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Gpu.class)
  void lengthsOfNoTiles(Gpu gpu) {
    try (Checkpoint expected = NetworkGolden.expected(NANO);
        Device device = gpu.open();
        Network vim = open(NANO, device, Precision.FP32);
        Inference inference = vim.plan(InferenceOptions.logits(2, vim.config()).withTile(8))) {
      run(inference, expected);
      NetworkGolden.assertAnswer(inference, expected, BOUND);
      assertThatThrownBy(inference::tokens).isInstanceOf(IllegalStateException.class);
      assertThat(inference.deviceMillis()).isPresent();
      assertThat(inference.workspaceBytes()).isPositive();
      assertThat(vim.weightBytes()).isPositive();
      assertThatThrownBy(() -> vim.stream(StreamOptions.of(64, 64, vim.config())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("open the network on a processor, not on cuda:0");
    }
  }

  private static void everything(FakeCuda fake) {
    try (Device device = fake.open(0);
        Network vim = open(NANO, device, Precision.BF16);
        Inference inference = vim.plan(InferenceOptions.logits(2, vim.config()))) {
      inference.run();
      inference.run();
    }
  }

  /** Of all the calls of a network's life some, each failing in every way. */
  @Test
  void failuresAreClearAndLeaveNothing() {
    FakeCuda counting = new FakeCuda(1);
    everything(counting);
    List<String> calls = counting.calls();
    for (FakeCuda.Fault fault : FakeCuda.Fault.values()) {
      for (int call = 0; call < calls.size(); call += 41) {
        FakeCuda fake = new FakeCuda(1);
        fake.failAt(call, fault);
        try {
          everything(fake);
        } catch (PanambaException e) {
          assertThat(e).hasMessageContaining("cuda:0");
        }
        assertThat(fake.hasFailed()).as(calls.get(call)).isTrue();
        assertThat(fake.left()).as("%s at %s", fault, calls.get(call)).isEmpty();
        assertThat(fake.misuse()).as("%s at %s", fault, calls.get(call)).isEmpty();
      }
    }
  }
}
