package io.panamba.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Architectures;
import io.panamba.model.Network;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.training.Augmentation;
import io.panamba.model.training.Dataset;
import io.panamba.model.training.DatasetException;
import io.panamba.model.training.EpochMetrics;
import io.panamba.model.training.Recipe;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.model.training.TrainingRun;
import io.panamba.model.upernet.Upernet;
import io.panamba.model.upernet.UpernetConfig;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks that answer for every pixel, trained on pictures and masks. */
class SegmentationRunTest {
  private static final TrainingOptions STEP =
      new TrainingOptions(4, 0.05f, 0, 0, 0.9f, 1, 3, false, false);
  private static final Augmentation PHOTO = new Augmentation.Photo(0.5, true, 0);
  private static final UpernetConfig CONFIG = config();

  @TempDir private Path folder;

  private static UpernetConfig config() {
    return Upernet.FAMILY.withClasses(
        Upernet.FAMILY.preset("vim-mini", Settings.none().withImageSize(32)), 3);
  }

  private static Recipe recipe(int epochs, TrainingOptions step) {
    return new Recipe(epochs, 5e-3, 1, 0.25, 0, PHOTO, step);
  }

  private static <C extends NetworkConfig> TrainingRun run(
      Architecture<C> family, C config, Dataset data, Recipe recipe, Device device) {
    try (Arena arena = Arena.ofConfined()) {
      return new TrainingRun(
          family, config, Network.draw(family, config, 1, arena), data, recipe, device);
    }
  }

  @Test
  void squaresAreLearnt() {
    try (Dataset data = Dataset.open(Squares.write(folder, 32));
        Device device = Device.cpu(2);
        TrainingRun run = run(Upernet.FAMILY, CONFIG, data, recipe(12, STEP), device)) {
      while (!run.isDone()) {
        run.step();
      }
      EpochMetrics first = run.epochs().getFirst();
      EpochMetrics last = run.epochs().getLast();
      assertThat(last.trainingLoss()).isLessThan(0.5 * first.trainingLoss());
      assertThat(last.heldOutIou()).isGreaterThan(0.6);
      assertThat(last.heldOutAccuracy()).isGreaterThan(0.9);
      assertThat(last.heldOutLoss()).isNaN();
      Path file = folder.resolve("squares.safetensors");
      run.saveWeights(file);
      try (Network network = Network.open(file, device)) {
        assertThat(network.labels().names(3)).containsExactly("grey", "red", "green");
        assertThat(network.config()).hasToString(config().toString());
      }
    }
  }

  @Test
  void resumedRunsHaveTheBitsOfWholeOnes() throws IOException {
    Path state = folder.resolve("state.safetensors");
    Path whole = folder.resolve("whole.safetensors");
    Path resumed = folder.resolve("resumed.safetensors");
    Recipe recipe = recipe(2, STEP);
    try (Dataset data = Dataset.open(Squares.write(folder, 12));
        Device device = Device.cpu(2)) {
      try (TrainingRun run = run(Upernet.FAMILY, CONFIG, data, recipe, device)) {
        run.step();
        run.step();
        run.step();
        run.saveState(state);
        while (!run.isDone()) {
          run.step();
        }
        run.saveWeights(whole);
      }
      try (TrainingRun run = run(Upernet.FAMILY, config(), data, recipe, device)) {
        run.resume(state);
        assertThat(run.epochs().getFirst().heldOutIou()).isBetween(0.0, 1.0);
        while (!run.isDone()) {
          run.step();
        }
        run.saveWeights(resumed);
      }
    }
    assertThat(Files.readAllBytes(resumed)).isEqualTo(Files.readAllBytes(whole));
  }

  private static Trainer trainer(TrainingOptions options, Arena arena, Device device) {
    return new Trainer(
        Upernet.FAMILY, CONFIG, Network.draw(Upernet.FAMILY, CONFIG, 1, arena), options, device);
  }

  private static void feed(Trainer trainer) {
    float[] pixels = new float[(int) trainer.images().shape().elements()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) Math.sin(i * 0.37);
    }
    trainer.images().copyFrom(pixels);
    for (int i = 0; i < trainer.labels().shape().elements(); i++) {
      trainer.labels().segment().setAtIndex(ValueLayout.JAVA_INT, i, i / 7 % 3);
    }
  }

  private static boolean isOfBackbone(String key) {
    return key.startsWith("backbone.") && !key.startsWith("backbone.fpn");
  }

  /** The head learns as over a backbone that learns, whose weights keep their bits. */
  @Test
  void frozenBackbones() {
    try (Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2);
        Trainer all = trainer(STEP, arena, device);
        Trainer frozen = trainer(STEP.withFrozenBackbone(), arena, device)) {
      feed(all);
      feed(frozen);
      assertThat(frozen.computeGradients()).isEqualTo(all.computeGradients());
      SequencedMap<String, Tensor> gradients = all.gradients(arena);
      SequencedMap<String, Tensor> ofHead = frozen.gradients(arena);
      assertThat(ofHead.keySet())
          .containsExactlyElementsOf(
              gradients.keySet().stream().filter(key -> !isOfBackbone(key)).toList());
      ofHead.forEach(
          (key, gradient) ->
              assertThat(gradient.toFloats()).as(key).isEqualTo(gradients.get(key).toFloats()));
      assertThat(frozen.savedBytesPerImage()).isLessThan(all.savedBytesPerImage());
      assertThat(frozen.bytes()).isLessThan(all.bytes());
      SequencedMap<String, Tensor> before = frozen.weights(arena);
      frozen.step(1e-2);
      SequencedMap<String, Tensor> average = frozen.trained(arena);
      frozen
          .weights(arena)
          .forEach(
              (key, weight) -> {
                float[] old = before.get(key).toFloats();
                if (isOfBackbone(key)) {
                  assertThat(weight.toFloats()).as(key).isEqualTo(old);
                  assertThat(average.get(key).toFloats()).as(key).isEqualTo(old);
                } else if (weight.shape().elements() > 1000) {
                  assertThat(weight.toFloats()).as(key).isNotEqualTo(old);
                }
              });
    }
  }

  /** A classifier of other positions and a class token among them lies below the head. */
  @Test
  void headsOverClassifiers() {
    VimConfig classifier =
        Vim.FAMILY.preset(
            "mini", Settings.none().withImageSize(48).with(Vim.CLASS_TOKEN, ClassToken.MIDDLE));
    Path file = folder.resolve("classifier.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      SequencedMap<String, Tensor> below = Network.draw(Vim.FAMILY, classifier, 9, arena);
      SafetensorsWriter.write(file, below, classifier.settings().metadata());
      try (Checkpoint checkpoint = Checkpoint.open(file)) {
        Map<String, Tensor> weights =
            Network.drawOver(Upernet.FAMILY, CONFIG, Architectures.recognise(checkpoint), 1, arena);
        Map<String, Tensor> drawn = Network.draw(Upernet.FAMILY, CONFIG, 1, arena);
        assertThat(weights.keySet()).isEqualTo(drawn.keySet());
        String mixer = "layers.2.mixer.in_proj.weight";
        assertThat(weights.get("backbone." + mixer).toFloats())
            .isEqualTo(below.get(mixer).toFloats());
        String own = "decode_head.bottleneck.conv.weight";
        assertThat(weights.get(own).toFloats()).isEqualTo(drawn.get(own).toFloats());
        Tensor positions = weights.get("backbone.pos_embed");
        assertThat(positions.shape()).isEqualTo(drawn.get("backbone.pos_embed").shape());
        // Corners of a cubic fit from 12 x 12 to 8 x 8 stay near their patches, of 0.02 deviation.
        assertThat(positions.toFloats()).isNotEqualTo(drawn.get("backbone.pos_embed").toFloats());
      }
      Map<String, Tensor> other =
          Network.draw(Vim.FAMILY, Vim.FAMILY.preset("nano", Settings.none()), 9, arena);
      SafetensorsWriter.write(file, other, Map.of());
      try (Checkpoint checkpoint = Checkpoint.open(file)) {
        assertThatThrownBy(
                () ->
                    Network.drawOver(
                        Upernet.FAMILY, CONFIG, Architectures.recognise(checkpoint), 1, arena))
            .isInstanceOf(WeightsException.class)
            .hasMessageContaining("the network's backbone has");
      }
    }
  }

  @Test
  void refusesOtherTasksAndKinds() {
    try (Dataset masks = Dataset.open(Squares.write(folder.resolve("masks"), 8));
        Dataset digits = Dataset.open(Digits.some(folder.resolve("digits.safetensors"), 40));
        Device device = Device.cpu(1)) {
      VimConfig vim = Vim.FAMILY.withClasses(Vim.FAMILY.preset("nano", Settings.none()), 3);
      refused(
          () -> run(Vim.FAMILY, vim, masks, recipe(1, STEP), device),
          "for networks of segmentation; this one is for classification");
      UpernetConfig ten = Upernet.FAMILY.withClasses(CONFIG, 10);
      refused(
          () -> run(Upernet.FAMILY, ten, digits, recipe(1, STEP), device),
          "for networks of classification; this one is for segmentation");
      Recipe drawings = new Recipe(1, 1e-3, 0, 0, 0, new Augmentation.Drawing(), STEP);
      refused(() -> run(Upernet.FAMILY, CONFIG, masks, drawings, device), "masks can't follow");
      assertThatThrownBy(
              () ->
                  run(
                      Vim.FAMILY,
                      Vim.FAMILY.withClasses(vim, 10),
                      digits,
                      recipe(1, STEP.withFrozenBackbone()),
                      device))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no backbone apart");
    }
  }

  private static void refused(ThrowingCallable run, String message) {
    assertThatThrownBy(run).isInstanceOf(DatasetException.class).hasMessageContaining(message);
  }
}
