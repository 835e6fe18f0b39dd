package io.panamba.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Architectures;
import io.panamba.model.Network;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.Allocation;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps: AdamW against double precision, the same bits again, what is refused. */
@OnEveryTier
class TrainerTest {
  private static final VimConfig NANO = Vim.FAMILY.preset("nano", Settings.none());
  private static final TrainingOptions OPTIONS =
      new TrainingOptions(3, 0.1f, 0.3f, 0.1f, 0.99f, 0.5f, 4, false, false);

  private static Trainer trainer(TrainingOptions options, Device device) {
    try (Arena arena = Arena.ofConfined()) {
      return new Trainer(
          Vim.FAMILY, NANO, Network.draw(Vim.FAMILY, NANO, 1, arena), options, device);
    }
  }

  private static void feed(Trainer trainer, long seed) {
    trainer
        .images()
        .copyFrom(Random.floats(new SplittableRandom(seed), trainer.images().shape().elements()));
    for (int i = 0; i < trainer.labels().shape().elements(); i++) {
      trainer.labels().segment().setAtIndex(ValueLayout.JAVA_INT, i, (int) ((seed + 3L * i) % 10));
    }
  }

  private static boolean decays(String key) {
    return key.endsWith(".weight") && !key.contains("norm");
  }

  /** Loshchilov and Hutter, algorithm 2, in double precision of the gradients that were found. */
  @Test
  void stepsAreAdamWs() {
    double rate = 0.01;
    try (Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2);
        Trainer trainer = trainer(OPTIONS, device)) {
      Map<String, double[]> values = new LinkedHashMap<>();
      Map<String, double[]> averages = new LinkedHashMap<>();
      Map<String, double[]> first = new LinkedHashMap<>();
      Map<String, double[]> second = new LinkedHashMap<>();
      trainer
          .weights(arena)
          .forEach(
              (key, weight) -> {
                values.put(key, doubles(weight));
                averages.put(key, doubles(weight));
                first.put(key, new double[values.get(key).length]);
                second.put(key, new double[values.get(key).length]);
              });
      for (int step = 1; step <= 3; step++) {
        feed(trainer, step);
        trainer.step(rate);
        Map<String, Tensor> gradients = trainer.gradients(arena);
        double squares = 0;
        for (Tensor gradient : gradients.values()) {
          for (double g : doubles(gradient)) {
            squares += g * g;
          }
        }
        double norm = Math.sqrt(squares);
        assertThat(norm).isGreaterThan(OPTIONS.clip());
        assertThat((double) trainer.gradientNorm()).isBetween(norm * 0.99999, norm * 1.00001);
        double decay = Math.min(OPTIONS.averageDecay(), (double) step / (9 + step));
        for (String key : values.keySet()) {
          double[] gradient = doubles(gradients.get(key));
          double[] value = values.get(key);
          double[] m = first.get(key);
          double[] v = second.get(key);
          double weightDecay = decays(key) ? OPTIONS.weightDecay() : 0;
          for (int i = 0; i < value.length; i++) {
            double g = gradient[i] * OPTIONS.clip() / norm;
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            double corrected = m[i] / (1 - Math.pow(0.9, step));
            double root = Math.sqrt(v[i] / (1 - Math.pow(0.999, step)));
            value[i] -= rate * (corrected / (root + 1e-8) + weightDecay * value[i]);
            averages.get(key)[i] = decay * averages.get(key)[i] + (1 - decay) * value[i];
          }
        }
      }
      assertThat(trainer.steps()).isEqualTo(3);
      trainer.weights(arena).forEach((key, weight) -> assertNear(key, weight, values.get(key)));
      trainer.trained(arena).forEach((key, weight) -> assertNear(key, weight, averages.get(key)));
    }
  }

  /** Where a gradient is nothing but rounding, a step may go either way. */
  private static void assertNear(String key, Tensor actual, double[] expected) {
    double[] numbers = doubles(actual);
    int far = 0;
    for (int i = 0; i < numbers.length; i++) {
      far += Math.abs(numbers[i] - expected[i]) > 2e-5 ? 1 : 0;
    }
    assertThat(far).as("elements of %s that differ", key).isLessThanOrEqualTo(numbers.length / 100);
  }

  private static double[] doubles(Tensor tensor) {
    float[] floats = tensor.toFloats();
    double[] doubles = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      doubles[i] = floats[i];
    }
    return doubles;
  }

  /** Steps of a fresh trainer, as weights. */
  private static Map<String, Tensor> after(TrainingOptions options, int threads, Arena arena) {
    try (Device device = Device.cpu(threads);
        Trainer trainer = trainer(options, device)) {
      for (int step = 0; step < 4; step++) {
        feed(trainer, step);
        trainer.step(0.005);
      }
      Map<String, Tensor> result = new LinkedHashMap<>();
      trainer.weights(arena).forEach(result::put);
      trainer.trained(arena).forEach((key, weight) -> result.put("average " + key, weight));
      trainer.gradients(arena).forEach((key, weight) -> result.put("gradient " + key, weight));
      return result;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theSameBitsOnAnyNumberOfThreads(int threads) {
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> expected = after(OPTIONS, 2, arena);
      after(OPTIONS, threads, arena)
          .forEach((key, tensor) -> Numbers.assertSameBits(key, tensor, expected.get(key)));
    }
  }

  @Test
  void theSeedDecidesWhatIsDropped() {
    try (Arena arena = Arena.ofConfined()) {
      float[] one = after(OPTIONS, 1, arena).get("head.weight").toFloats();
      assertThat(after(OPTIONS.withSeed(5), 1, arena).get("head.weight").toFloats())
          .isNotEqualTo(one);
    }
  }

  @Test
  void stepsAllocateLittle() {
    try (Device device = Device.cpu(1);
        Trainer trainer = trainer(OPTIONS.withDropPath(0), device)) {
      feed(trainer, 1);
      // The losses, to be averaged, and views of a few tensors: nothing that grows with the
      // network.
      assertThat(Allocation.of(10, () -> trainer.step(1e-4))).isLessThan(10 * 500);
    }
  }

  /** A head for other classes, and positions for a larger image; all else as it was. */
  @Test
  void aCheckpointIsFittedToOtherClassesAndImages() {
    try (Checkpoint checkpoint = Checkpoint.open(GoldenFiles.path("vim_nano.pth"));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(1)) {
      VimConfig config =
          Vim.FAMILY.withClasses(
              Architectures.recognise(Vim.FAMILY, checkpoint)
                  .read(Settings.none().withImageSize(48)),
              4);
      Map<String, Tensor> start =
          Network.fit(Architectures.recognise(Vim.FAMILY, checkpoint), config, 3, arena);
      assertThat(start.get("head.weight").shape()).isEqualTo(Shape.of(4, 32));
      assertThat(start.get("head.bias").toFloats()).containsOnly(0);
      assertThat(start.get("pos_embed").shape()).isEqualTo(Shape.of(1, 37, 32));
      assertThat(start.get("layers.1.mixer.A_log").toFloats())
          .isEqualTo(checkpoint.find("layers.1.mixer.A_log").orElseThrow().toFloats());
      try (Trainer trainer =
          new Trainer(Vim.FAMILY, config, start, TrainingOptions.defaults().withBatch(2), device)) {
        assertThat(trainer.images().shape()).isEqualTo(Shape.of(2, 3, 48, 48));
        feed(trainer, 0);
        trainer.labels().segment().fill((byte) 0);
        assertThat(trainer.step(0.01)).isBetween(0.5, 4.0);
        assertThat(trainer.step(0.01)).isBetween(0.1, 4.0);
        assertThat(trainer.weights(arena).keySet()).containsExactlyElementsOf(start.keySet());
      }
    }
  }

  @Test
  void aLabelThatIsNoClassMakesNoNumber() {
    try (Device device = Device.cpu(1);
        Trainer trainer = trainer(OPTIONS, device)) {
      feed(trainer, 0);
      trainer.labels().segment().setAtIndex(ValueLayout.JAVA_INT, 1, 10);
      assertThat(trainer.computeGradients()).isNaN();
    }
  }

  @Test
  void refusesWeightsThatAreOthers() {
    try (Device device = Device.cpu(1);
        Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> weights = new LinkedHashMap<>(Network.draw(Vim.FAMILY, NANO, 1, arena));
      Tensor head = weights.remove("head.bias");
      assertThatThrownBy(() -> new Trainer(Vim.FAMILY, NANO, weights, OPTIONS, device))
          .isInstanceOf(WeightsException.class)
          .hasMessage("head.bias is missing; expected F32(10)");
      weights.put("head.bias", head.slice(0, 9));
      assertThatThrownBy(() -> new Trainer(Vim.FAMILY, NANO, weights, OPTIONS, device))
          .isInstanceOf(WeightsException.class)
          .hasMessage("head.bias is F32(9); expected F32(10)");
      weights.put("head.bias", Tensor.allocate(arena, DType.BF16, Shape.of(10)));
      assertThatThrownBy(() -> new Trainer(Vim.FAMILY, NANO, weights, OPTIONS, device))
          .isInstanceOf(WeightsException.class)
          .hasMessage("head.bias is BF16(10); expected F32(10)");
      weights.put("head.bias", head);
      weights.put("layers.0.gamma", head);
      assertThatThrownBy(() -> new Trainer(Vim.FAMILY, NANO, weights, OPTIONS, device))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("layers.0.gamma can't be trained");
    }
  }

  @Test
  void refusesWhatHasNoLossAndWhatIsNotFloat32() {
    refused(Settings.none().withPrecision(Precision.BF16), 10, "weights in BF16");
    refused(Settings.none(), 0, "no head");
  }

  private static void refused(Settings settings, int classes, String what) {
    try (Arena arena = Arena.ofConfined();
        Device device = Device.cpu(1)) {
      VimConfig config = Vim.FAMILY.withClasses(Vim.FAMILY.preset("nano", settings), classes);
      Map<String, Tensor> start = Network.draw(Vim.FAMILY, config, 0, arena);
      assertThatThrownBy(() -> new Trainer(Vim.FAMILY, config, start, OPTIONS, device))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a network with %s can't be trained", what);
    }
  }

  @Test
  void refusesOptionsOutOfRange() {
    TrainingOptions good = TrainingOptions.defaults();
    optionsRefused(() -> good.withBatch(0), "at least one image");
    optionsRefused(() -> good.withDropPath(1), "drop path");
    optionsRefused(() -> good.withSmoothing(1.1f), "smoothing");
    optionsRefused(() -> good.withAverageDecay(1), "decay of averages");
    optionsRefused(() -> good.withClip(0), "clipped");
    optionsRefused(() -> new TrainingOptions(1, -1, 0, 0, 0, 1, 0, false, false), "weight decay");
  }

  private static void optionsRefused(Runnable options, String message) {
    assertThatThrownBy(options::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
