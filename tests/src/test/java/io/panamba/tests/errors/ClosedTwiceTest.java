package io.panamba.tests.errors;

import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.image.LargeImage;
import io.panamba.model.task.Classifier;
import io.panamba.model.task.FeatureExtractor;
import io.panamba.model.training.Augmentation;
import io.panamba.model.training.Dataset;
import io.panamba.model.training.Recipe;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.model.training.TrainingRun;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.internal.cuda.FakeCuda;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.training.Digits;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever can be closed is closed by two threads at once, and once more: nobody is told. */
class ClosedTwiceTest {
  private static final int ROUNDS = 100;
  private static final Path NANO = GoldenFiles.path("vim_nano.safetensors");
  private static final Device DEVICE = Device.cpu(2);
  private static final Network VIM = Network.open(NANO, DEVICE, Settings.none());

  @TempDir private static Path folder;

  @AfterAll
  static void close() {
    VIM.close();
    DEVICE.close();
  }

  private static InferenceOptions logits() {
    return InferenceOptions.logits(1, VIM.config());
  }

  private static TrainingOptions step() {
    return new TrainingOptions(8, 0.05f, 0.1f, 0.1f, 0.99f, 1, 3, false, false);
  }

  private static Stream<Named<Callable<AutoCloseable>>> closeables() {
    VimConfig config = Vim.FAMILY.preset("nano", Settings.none());
    FakeCuda cuda = new FakeCuda(1);
    Dataset digits = Dataset.open(Digits.file());
    return Stream.of(
        Named.of("arena", Arenas::shared),
        Named.of("device", () -> Device.cpu(2)),
        Named.of("GPU", () -> cuda.open(0)),
        Named.of("plan", () -> DEVICE.plan(List.of())),
        Named.of("plan of a GPU", () -> cuda.open(0).plan(List.of())),
        Named.of("network", () -> Network.open(NANO, DEVICE, Settings.none())),
        Named.of("inference", () -> VIM.plan(logits())),
        Named.of(
            "inference in a file",
            () -> VIM.stream(StreamOptions.of(64, 64, VIM.config()).withFolder(folder))),
        Named.of(
            "pool",
            () -> {
              InferencePool pool = new InferencePool(VIM, logits(), 2);
              pool.warmUp();
              return pool;
            }),
        Named.of("classifier", () -> new Classifier(VIM, VIM.labels(), 1)),
        Named.of("extractor", () -> new FeatureExtractor(VIM, 1)),
        Named.of("checkpoint", () -> Checkpoint.open(NANO)),
        Named.of("picture", () -> LargeImage.open(GoldenFiles.path("images/chelsea.png"))),
        Named.of("dataset", () -> Dataset.open(Digits.file())),
        Named.of(
            "trainer",
            () -> {
              try (Arena arena = Arena.ofConfined()) {
                return new Trainer(
                    Vim.FAMILY, config, Network.draw(Vim.FAMILY, config, 1, arena), step(), DEVICE);
              }
            }),
        Named.of(
            "training",
            () -> {
              Recipe recipe = new Recipe(3, 3e-3, 0.5, 0.2, 0, new Augmentation.Drawing(), step());
              try (Arena arena = Arena.ofConfined()) {
                return new TrainingRun(
                    Vim.FAMILY,
                    config,
                    Network.draw(Vim.FAMILY, config, 1, arena),
                    digits,
                    recipe,
                    DEVICE);
              }
            }));
  }

  @ParameterizedTest
  @MethodSource("closeables")
  void byTwoThreadsAtOnce(Callable<AutoCloseable> open) throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < ROUNDS; round++) {
        AutoCloseable opened = open.call();
        Callable<Void> close =
            () -> {
              start.await();
              opened.close();
              return null;
            };
        Future<Void> closed = other.submit(close);
        close.call();
        closed.get();
        opened.close();
      }
    }
  }

  /** The second to come finds it closed, not closing: what it frees afterwards is free to go. */
  @Test
  void aNetworkAndItsInferencesAtOnce() throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < ROUNDS; round++) {
        Network vim = Network.open(NANO, DEVICE, Settings.none());
        AutoCloseable inference = vim.plan(InferenceOptions.logits(1, vim.config()));
        Future<Void> closed =
            other.submit(
                () -> {
                  start.await();
                  inference.close();
                  return null;
                });
        start.await();
        vim.close();
        closed.get();
      }
    }
  }
}
