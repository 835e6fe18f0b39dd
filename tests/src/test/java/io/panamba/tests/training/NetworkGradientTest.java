package io.panamba.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Recognised;
import io.panamba.model.Network;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.golden.NetworkGolden;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The gradients of whole networks. */
@OnEveryTier
class NetworkGradientTest {
  private static final double BOUND = 1e-4;
  private static final String PREFIX = "grad.";

  /** How far apart the points of a difference are. */
  private static final double SMOOTH = 1;

  /** Likewise where a ReLU may bend between them: nearer, which a loss of many pixels bears. */
  private static final double KINKED = 0.05;

  private static final String OF_IMAGE = "grad_image";

  /** Every gradient of a network, and the loss, against double precision. */
  @ParameterizedTest
  @ValueSource(
      strings = {"vim_nano", "deit_nano", "deit_nano_distilled", "mambaout_nano", "vmamba_nano"})
  void golden(String name) {
    try (Checkpoint weights = Checkpoint.open(NetworkGolden.weights(name));
        Checkpoint expected = Checkpoint.open(GoldenFiles.path(name + ".gradients.safetensors"));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2)) {
      Shape image = expected.find("image").orElseThrow().shape();
      ImageSize size =
          new ImageSize(Math.toIntExact(image.size(2)), Math.toIntExact(image.size(3)));
      golden(
          Architectures.recognise(weights),
          NetworkGolden.options(name).withImageSize(size),
          expected,
          arena,
          device);
    }
  }

  private static <C extends NetworkConfig> void golden(
      Recognised<C> recognised,
      Settings settings,
      Checkpoint expected,
      Arena arena,
      Device device) {
    C config = recognised.read(settings);
    float[] images = GoldenFiles.floats(expected, "image");
    int batch = images.length / (3 * config.image().height() * config.image().width());
    TrainingOptions options =
        TrainingOptions.defaults().withBatch(batch).withSmoothing(0).withInputGradient();
    Map<String, Tensor> start = Network.fit(recognised, config, 0, arena);
    try (Trainer trainer = new Trainer(recognised.family(), config, start, options, device)) {
      trainer.images().copyFrom(images);
      for (int i = 0; i < batch; i++) {
        long label =
            expected
                .find("label")
                .orElseThrow()
                .copy(arena)
                .get(ValueLayout.JAVA_LONG_UNALIGNED, i * 8L);
        trainer.labels().segment().setAtIndex(ValueLayout.JAVA_INT, i, (int) label);
      }
      double loss = GoldenFiles.floats(expected, "loss")[0];
      assertThat(trainer.computeGradients()).isCloseTo(loss, within(1e-5 * loss));
      Map<String, Tensor> gradients = trainer.gradients(arena);
      assertThat(gradients.keySet().stream().map(PREFIX::concat).toList())
          .containsExactlyInAnyOrderElementsOf(
              expected.keys().stream().filter(key -> key.startsWith(PREFIX)).toList());
      gradients.forEach(
          (key, gradient) ->
              Numbers.assertClose(
                  key, gradient, GoldenFiles.floats(expected, PREFIX + key), BOUND));
      if (expected.find(OF_IMAGE).isPresent()) {
        Numbers.assertClose(
            "image", trainer.imageGradient(), GoldenFiles.floats(expected, OF_IMAGE), BOUND);
      }
      trainer
          .weights(arena)
          .forEach((key, weight) -> Numbers.assertSameBits(key, weight, start.get(key)));
    }
  }

  /**
   * All but one, whose stem has a norm of two channels: its slope changes faster than differences
   * in float32 can follow.
   */
  static List<String> names() {
    return NetworkGolden.names().stream().filter(name -> !name.equals("vmamba_nano_s2")).toList();
  }

  /** Every variant that runs is trained: central differences, on the golden weights. */
  @ParameterizedTest
  @MethodSource("names")
  void everyVariant(String name) {
    try (Checkpoint weights = Checkpoint.open(NetworkGolden.weights(name));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2)) {
      everyVariant(Architectures.recognise(weights), NetworkGolden.options(name), arena, device);
    }
  }

  /** An answer for every pixel, with a head that helps: resizes, windows, enlarging, ReLU. */
  @ParameterizedTest
  @ValueSource(strings = {"vim_nano_upernet", "vim_nano_upernet_stream"})
  void segmentation(String name) {
    try (Checkpoint weights = Checkpoint.open(GoldenFiles.path("dense/" + name + ".safetensors"));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2)) {
      segmentation(Architectures.recognise(weights), arena, device);
    }
  }

  private static <C extends NetworkConfig> void segmentation(
      Recognised<C> recognised, Arena arena, Device device) {
    C config = recognised.read(Settings.none().withImageSize(64));
    Map<String, Tensor> start = new LinkedHashMap<>(Network.fit(recognised, config, 0, arena));
    TrainingOptions training = TrainingOptions.defaults().withBatch(1).withSmoothing(0);
    differences(recognised.family(), config, start, training, KINKED, arena, device);
  }

  /** As {@link #everyVariant}, of what no golden network has. */
  @Test
  void anAnswerOfEveryToken() {
    String name = "vim_nano_nocls_max";
    try (Checkpoint weights = Checkpoint.open(NetworkGolden.weights(name));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2)) {
      everyVariant(
          Architectures.recognise(weights),
          NetworkGolden.options(name).with(Vim.POOLING, Pooling.ALL),
          arena,
          device);
    }
  }

  private static <C extends NetworkConfig> void everyVariant(
      Recognised<C> recognised, Settings settings, Arena arena, Device device) {
    C config = recognised.read(settings);
    Map<String, Tensor> start = new LinkedHashMap<>(Network.fit(recognised, config, 0, arena));
    TrainingOptions training =
        TrainingOptions.defaults().withBatch(3).withSmoothing(0.1f).withDropPath(0.3f);
    differences(recognised.family(), config, start, training, SMOOTH, arena, device);
  }

  /**
   * The loss rises along each parameter's gradient as fast as the gradient says: central
   * differences, for what the golden network lacks.
   */
  @ParameterizedTest
  @CsvSource({
    "MIDDLE, MEAN, true, 32, 8, 0.1, 0",
    "HEAD, MEAN, false, 40, 8, 0, 0",
    "DOUBLE, MEAN, true, 32, 4, 0, 0.4",
    "NONE, MEAN, true, 24, 8, 0.3, 0",
    "NONE, LAST, true, 32, 8, 0, 0"
  })
  void differences(
      ClassToken token,
      Pooling pooling,
      boolean divide,
      int size,
      int stride,
      float smoothing,
      float dropPath) {
    Settings options =
        Settings.none()
            .with(Vim.CLASS_TOKEN, token)
            .with(Vim.POOLING, pooling)
            .with(Vim.DIVIDE_OUT, divide)
            .withImageSize(size)
            .with(Vim.STRIDE, stride);
    TrainingOptions training =
        TrainingOptions.defaults().withBatch(3).withSmoothing(smoothing).withDropPath(dropPath);
    VimConfig config = Vim.FAMILY.preset("nano", options);
    try (Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> start = new LinkedHashMap<>(Network.draw(Vim.FAMILY, config, 5, arena));
      start.replaceAll((key, weight) -> disturbed(arena, key, weight));
      differences(Vim.FAMILY, config, start, training, SMOOTH, arena, device);
    }
  }

  private static <C extends NetworkConfig> void differences(
      Architecture<C> family,
      C config,
      Map<String, Tensor> start,
      TrainingOptions training,
      double distance,
      Arena arena,
      Device device) {
    Map<String, Tensor> gradients;
    try (Trainer trainer = fed(family, config, start, training, device)) {
      trainer.computeGradients();
      gradients = trainer.gradients(arena);
    }
    for (String key : gradients.keySet()) {
      float[] gradient = gradients.get(key).toFloats();
      double expected = norm(gradient);
      float[] weight = start.get(key).toFloats();
      // A token that nothing comes before has no use for a decay: such a gradient is zero, and
      // so is the loss's change in any direction.
      float[] direction = expected > 0 ? gradient : weight;
      double length = norm(direction);
      // Small enough for a straight line, large enough for float32's loss.
      double step = distance * Math.min(0.005 * Math.max(norm(weight), 0.1), 0.01 / length);
      double difference =
          (loss(family, config, start, key, direction, step / length, training, device)
                  - loss(family, config, start, key, direction, -step / length, training, device))
              / (2 * step);
      assertThat(difference)
          .as("%s along its gradient", key)
          .isCloseTo(expected, within(0.02 * expected + 2e-6 / step));
    }
  }

  /** Drawn weights have many gradients of nearly zero: larger ones are surer to be measured. */
  private static Tensor disturbed(Arena arena, String key, Tensor weight) {
    float[] values = weight.toFloats();
    float[] noise = Random.floats(new SplittableRandom(key.hashCode()), values.length);
    for (int i = 0; i < values.length; i++) {
      values[i] += 0.2f * noise[i];
    }
    return Tensor.of(arena, weight.shape(), values);
  }

  private static <C extends NetworkConfig> Trainer fed(
      Architecture<C> family,
      C config,
      Map<String, Tensor> weights,
      TrainingOptions options,
      Device device) {
    Trainer trainer = new Trainer(family, config, weights, options, device);
    trainer
        .images()
        .copyFrom(Random.floats(new SplittableRandom(9), trainer.images().shape().elements()));
    for (long i = 0; i < trainer.labels().shape().elements(); i++) {
      trainer
          .labels()
          .segment()
          .setAtIndex(ValueLayout.JAVA_INT, i, (int) (3 * i % config.classes()));
    }
    return trainer;
  }

  private static <C extends NetworkConfig> double loss(
      Architecture<C> family,
      C config,
      Map<String, Tensor> start,
      String key,
      float[] direction,
      double step,
      TrainingOptions options,
      Device device) {
    try (Arena arena = Arena.ofConfined()) {
      float[] values = start.get(key).toFloats();
      for (int i = 0; i < values.length; i++) {
        values[i] += (float) (step * direction[i]);
      }
      Map<String, Tensor> moved = new LinkedHashMap<>(start);
      moved.put(key, Tensor.of(arena, start.get(key).shape(), values));
      try (Trainer trainer = fed(family, config, moved, options, device)) {
        return trainer.computeGradients();
      }
    }
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
