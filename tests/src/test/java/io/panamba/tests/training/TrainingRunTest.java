package io.panamba.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.image.ImageException;
import io.panamba.model.task.Classification;
import io.panamba.model.task.Classifier;
import io.panamba.model.training.Augmentation;
import io.panamba.model.training.Dataset;
import io.panamba.model.training.DatasetException;
import io.panamba.model.training.EpochMetrics;
import io.panamba.model.training.LabelledDataset;
import io.panamba.model.training.Recipe;
import io.panamba.model.training.ResumeException;
import io.panamba.model.training.TrainingInterruptedException;
import io.panamba.model.training.TrainingOptions;
import io.panamba.model.training.TrainingRun;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs: the same bits again, resumed or not; what they measure; what they refuse. */
class TrainingRunTest {
  private static final TrainingOptions STEP =
      new TrainingOptions(8, 0.05f, 0.1f, 0.1f, 0.99f, 1, 3, false, false);
  private static final Recipe RECIPE =
      new Recipe(3, 3e-3, 0.5, 0.2, 0, new Augmentation.Drawing(), STEP);

  @TempDir private Path folder;
  private Path digits;

  @BeforeEach
  void write() {
    digits = Digits.some(folder.resolve("digits.safetensors"), 60);
  }

  /** What a test does with a run. */
  private interface Use {
    void accept(TrainingRun run) throws IOException;
  }

  private void with(Path data, Recipe recipe, int threads, Use use) throws IOException {
    VimConfig config = Vim.FAMILY.preset("nano", Settings.none());
    try (Dataset dataset = Dataset.open(data);
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(threads);
        TrainingRun run =
            new TrainingRun(
                Vim.FAMILY,
                config,
                Network.draw(Vim.FAMILY, config, 1, arena),
                dataset,
                recipe,
                device)) {
      use.accept(run);
    }
  }

  /** Whatever is interrupted, and how often: a step is made as a whole or not at all. */
  @ParameterizedTest
  @CsvSource({"1", "2"})
  void anInterruptedStepIsNotMadeAndTheRunGoesOn(int threads) throws IOException {
    byte[] expected = uninterrupted(threads);
    with(
        digits,
        RECIPE,
        threads,
        run -> {
          int interruptions = 0;
          while (!run.isDone()) {
            long before = run.steps();
            Thread.currentThread().interrupt();
            try {
              run.step();
              assertThat(run.steps()).isEqualTo(before + 1);
            } catch (TrainingInterruptedException e) {
              interruptions++;
              assertThat(run.steps()).isEqualTo(before);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
              assertThat(Thread.interrupted()).isTrue();
              run.step();
            }
            assertThat(run.epochs()).hasSize((int) (run.steps() / run.stepsPerEpoch()));
            Thread.interrupted();
          }
          assertThat(interruptions).isPositive();
          assertThat(trained(run)).isEqualTo(expected);
        });
  }

  private byte[] trained(TrainingRun run) throws IOException {
    Path file = folder.resolve("trained.safetensors");
    run.saveWeights(file);
    return Files.readAllBytes(file);
  }

  private byte[] uninterrupted(int threads) throws IOException {
    byte[][] weights = {null};
    with(
        digits,
        RECIPE,
        threads,
        run -> {
          assertThat(run.allSteps()).isEqualTo(18);
          while (!run.isDone()) {
            run.step();
          }
          assertThatThrownBy(run::step).isInstanceOf(IllegalStateException.class);
          weights[0] = trained(run);
        });
    return weights[0];
  }

  @Test
  void runsAreRepeatable() throws IOException {
    byte[] expected = uninterrupted(2);
    assertThat(uninterrupted(2)).isEqualTo(expected);
    assertThat(uninterrupted(1)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 2", "5, 1", "6, 2", "7, 1", "17, 2", "18, 1"})
  void aResumedRunHasTheBitsOfTheWhole(int stop, int threads) throws IOException {
    byte[] expected = uninterrupted(2);
    Path state = folder.resolve("state.safetensors");
    with(
        digits,
        RECIPE,
        2,
        run -> {
          for (int i = 0; i < stop; i++) {
            run.step();
          }
          run.saveState(state);
        });
    with(
        digits,
        RECIPE,
        threads,
        run -> {
          run.resume(state);
          assertThat(run.steps()).isEqualTo(stop);
          assertThat(run.epochs()).hasSize(stop / 6);
          while (!run.isDone()) {
            run.step();
          }
          assertThat(run.epochs()).extracting(EpochMetrics::epoch).containsExactly(1, 2, 3);
          assertThat(trained(run)).isEqualTo(expected);
        });
  }

  @Test
  void aRunMayResumeWhatItHasPassed() throws IOException {
    byte[] expected = uninterrupted(2);
    Path state = folder.resolve("state.safetensors");
    with(
        digits,
        RECIPE,
        2,
        run -> {
          run.step();
          run.saveState(state);
          run.step();
          run.resume(state);
          while (!run.isDone()) {
            run.step();
          }
          assertThat(trained(run)).isEqualTo(expected);
        });
  }

  /** The images after those that can't be read are not mixed with older ones. */
  @Test
  void aRunGoesOnOnceItsPicturesCanBeRead() throws IOException {
    Path data = folder.resolve("pictures");
    for (int i = 0; i < 8; i++) {
      Path file = Files.createDirectories(data.resolve("c" + i % 2)).resolve(i + ".png");
      ImageIO.write(new BufferedImage(4 + i, 5, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
    }
    VimConfig config = Vim.FAMILY.withClasses(Vim.FAMILY.preset("nano", Settings.none()), 2);
    Recipe recipe = new Recipe(2, 3e-3, 0, 0, 0, new Augmentation.None(), STEP);
    byte[][] weights = {null, null};
    for (int attempt = 0; attempt < 2; attempt++) {
      try (Dataset dataset = Dataset.open(data);
          Arena arena = Arena.ofConfined();
          Device device = Device.cpu(2);
          TrainingRun run =
              new TrainingRun(
                  Vim.FAMILY,
                  config,
                  Network.draw(Vim.FAMILY, config, 1, arena),
                  dataset,
                  recipe,
                  device)) {
        if (attempt == 1) {
          Path gone = folder.resolve("gone.png");
          Files.move(data.resolve("c0/0.png"), gone);
          for (int i = 0; i < 2; i++) {
            assertThatThrownBy(run::step)
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("0.png");
            assertThat(run.steps()).isZero();
          }
          Files.move(gone, data.resolve("c0/0.png"));
        }
        while (!run.isDone()) {
          run.step();
        }
        weights[attempt] = trained(run);
      }
    }
    assertThat(weights[1]).isEqualTo(weights[0]);
  }

  @Test
  void networksLearnWhatTheySee() throws IOException {
    Recipe recipe =
        new Recipe(
            40, 3e-3, 2, 0.2, 0, new Augmentation.None(), STEP.withDropPath(0).withSmoothing(0));
    with(
        digits,
        recipe,
        2,
        run -> {
          while (!run.isDone()) {
            run.step();
          }
          assertThat(run.epochs().getFirst().trainingLoss()).isBetween(2.0, 2.6);
          assertThat(run.epochs().getLast().trainingLoss()).isLessThan(0.5);
        });
  }

  /** What was measured of the images held out is what the saved network answers. */
  @Test
  void theMetricsAreThoseOfTheSavedNetwork() throws IOException {
    Path file = folder.resolve("trained.safetensors");
    with(
        digits,
        RECIPE,
        2,
        run -> {
          while (!run.isDone()) {
            run.step();
          }
          run.saveWeights(file);
          double loss = 0;
          int right = 0;
          int[] heldOut = run.split().heldOut();
          try (LabelledDataset data = (LabelledDataset) Dataset.open(digits);
              Device device = Device.cpu(1);
              Network vim = Network.open(file, device, Settings.none());
              Classifier classifier = new Classifier(vim, vim.labels(), 1)) {
            for (int index : heldOut) {
              List<Classification> classes = classifier.classify(data.image(index), 10);
              String label = data.classes().get(data.label(index));
              right += classes.getFirst().label().equals(label) ? 1 : 0;
              loss -=
                  Math.log(
                      classes.stream()
                          .filter(c -> c.label().equals(label))
                          .findAny()
                          .orElseThrow()
                          .probability());
            }
          }
          EpochMetrics last = run.epochs().getLast();
          assertThat(heldOut).hasSize(12);
          assertThat(last.heldOutAccuracy()).isEqualTo((double) right / 12);
          assertThat(last.heldOutLoss()).isCloseTo(loss / 12, within(1e-5));
          assertThat(last.learningRate()).isBetween(3e-5, 1e-4);
          assertThat(last.seconds()).isPositive();
        });
  }

  @Test
  void withNothingHeldOutThereIsNothingToMeasure() throws IOException {
    Recipe recipe = new Recipe(1, 1e-3, 0, 0, 0, new Augmentation.None(), STEP);
    with(
        digits,
        recipe,
        1,
        run -> {
          assertThat(run.stepsPerEpoch()).isEqualTo(7);
          while (!run.isDone()) {
            run.step();
          }
          assertThat(run.epochs().getFirst().heldOutAccuracy()).isNaN();
          assertThat(run.epochs().getFirst().heldOutLoss()).isNaN();
        });
  }

  @Test
  void refusesTheStateOfAnotherRun() throws IOException {
    Path state = folder.resolve("state.safetensors");
    with(digits, RECIPE, 1, run -> run.saveState(state));
    Recipe other = new Recipe(4, 3e-3, 0.5, 0.2, 0, new Augmentation.Drawing(), STEP);
    with(digits, other, 1, run -> resumeRefused(run, state, "another recipe"));
    Path more = Digits.some(folder.resolve("more.safetensors"), 61);
    with(more, RECIPE, 1, run -> resumeRefused(run, state, "another data"));
    with(
        digits,
        RECIPE,
        1,
        run -> {
          Path weights = folder.resolve("weights.safetensors");
          run.saveWeights(weights);
          resumeRefused(run, weights, "is no state of a training");
          byte[] whole = Files.readAllBytes(state);
          for (int length : new int[] {0, 7, 300, whole.length / 2, whole.length - 1}) {
            Files.write(weights, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> run.resume(weights)).isInstanceOf(CheckpointException.class);
          }
          run.resume(state);
        });
  }

  /** A state whose parts do not fit each other changes nothing. */
  @Test
  void refusesAStateThatWasTamperedWith() throws IOException {
    Path state = folder.resolve("state.safetensors");
    Path wrong = folder.resolve("wrong.safetensors");
    with(digits, RECIPE, 1, run -> run.saveState(state));
    with(
        digits,
        RECIPE,
        1,
        run -> {
          byte[] before = trained(run);
          for (String step : List.of("-1", "19", "x", "6")) {
            tamper(state, wrong, Map.of("step", step), Map.of());
            assertThatThrownBy(() -> run.resume(wrong)).isInstanceOf(ResumeException.class);
          }
          try (Arena arena = Arena.ofConfined()) {
            for (String name : List.of("weights", "averages", "epochs", "loss_sum")) {
              tamper(state, wrong, Map.of(), Map.of(name, Tensor.of(arena, Shape.of(2), 1, 2)));
              resumeRefused(run, wrong, name + " is F32(2)");
            }
          }
          assertThat(run.steps()).isZero();
          assertThat(trained(run)).isEqualTo(before);
        });
  }

  private static void tamper(
      Path from, Path to, Map<String, String> metadata, Map<String, Tensor> tensors) {
    try (Checkpoint checkpoint = Checkpoint.open(from)) {
      Map<String, Tensor> all = new LinkedHashMap<>();
      for (String key : checkpoint.keys()) {
        StoredTensor stored = checkpoint.find(key).orElseThrow();
        all.put(key, Tensor.of(stored.copy(Arena.ofAuto()), stored.dtype(), stored.shape()));
      }
      all.putAll(tensors);
      Map<String, String> texts = new LinkedHashMap<>(checkpoint.metadata());
      texts.putAll(metadata);
      SafetensorsWriter.write(to, all, texts);
    }
  }

  private static void resumeRefused(TrainingRun run, Path state, String message) {
    assertThatThrownBy(() -> run.resume(state))
        .isInstanceOf(ResumeException.class)
        .hasMessageContaining(message);
  }

  @Test
  void refusesDataThatDoesNotFit() {
    Recipe large = new Recipe(1, 1e-3, 0, 0.2, 0, new Augmentation.None(), STEP.withBatch(100));
    assertThatThrownBy(() -> with(digits, large, 1, _ -> {}))
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining("48 images to train on are less than a batch of 100");
    Path few = Digits.some(folder.resolve("few.safetensors"), 9);
    assertThatThrownBy(() -> with(few, RECIPE, 1, _ -> {}))
        .isInstanceOf(DatasetException.class)
        .hasMessage("the network has 10 classes, the data 9");
  }

  @Test
  void stopsWhereNumbersEnd() {
    Recipe wild =
        new Recipe(
            40, 1e6, 0, 0.2, 0, new Augmentation.None(), STEP.withClip(Float.POSITIVE_INFINITY));
    assertThatThrownBy(
            () ->
                with(
                    digits,
                    wild,
                    2,
                    run -> {
                      while (!run.isDone()) {
                        run.step();
                      }
                    }))
        .isInstanceOf(PanambaException.class)
        .hasMessageContaining("lower the learning rate");
  }

  @Test
  void refusesRecipesOutOfRange() {
    recipeRefused(0, 1e-3, 0, 0.2, "at least one epoch");
    recipeRefused(2, 1e-3, 3, 0.2, "warm-up");
    recipeRefused(2, 1e-3, 0, 1, "held out");
    recipeRefused(2, -1, 0, 0.2, "learning rate");
    recipeRefused(2, Double.NaN, 0, 0.2, "learning rate");
  }

  private static void recipeRefused(
      int epochs, double rate, double warmUp, double heldOut, String message) {
    assertThatThrownBy(
            () -> new Recipe(epochs, rate, warmUp, heldOut, 0, new Augmentation.None(), STEP))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
