package io.panamba.tests.lists;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Recognised;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.runtime.Device;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.internal.cuda.FakeCuda;
import io.panamba.tests.golden.NetworkGolden;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The operations of every golden network are those of its list in {@code tests/lists}: whole
 * sequences with every result, tiles, the last token alone, a GPU's, and a training step. A change
 * of a list is a change of how networks run, to be read line by line: {@code -Dpanamba.lists=write}
 * writes them.
 */
class OperationListTest {
  private static final Path FOLDER = Path.of("lists");
  private static final boolean WRITE = "write".equals(System.getProperty("panamba.lists"));
  private static final int BATCH = 2;
  private static final int TILE = 8;

  static List<String> names() {
    return NetworkGolden.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void float32(String name) throws IOException {
    check(name, name, Precision.FP32);
  }

  /** The published kind: in bfloat16 others differ from theirs as it does. */
  @Test
  void bfloat16() throws IOException {
    check("vim_nano.bf16", "vim_nano", Precision.BF16);
  }

  private static void check(String file, String name, Precision precision) throws IOException {
    Settings options = NetworkGolden.options(name).withPrecision(precision);
    List<String> lines = new ArrayList<>();
    try (Device device = Device.cpu(1);
        Network vim = Network.open(NetworkGolden.weights(name), device, options)) {
      plan(lines, "whole", vim, all -> all.withTokens().withTaps());
      plan(lines, "tiles", vim, all -> all.withTile(TILE));
      plan(lines, "last token", vim, UnaryOperator.identity());
    }
    try (Device device = new FakeCuda(1).open(0);
        Network vim = Network.open(NetworkGolden.weights(name), device, options)) {
      plan(lines, "gpu", vim, UnaryOperator.identity());
    }
    lines.add("== training");
    lines.addAll(training(name, options));
    compare(FOLDER.resolve(file + ".txt"), lines);
  }

  private static void plan(
      List<String> lines, String form, Network vim, UnaryOperator<InferenceOptions> wanted) {
    InferenceOptions options = wanted.apply(InferenceOptions.logits(BATCH, vim.config()));
    lines.add("== " + form);
    try (Inference inference = vim.plan(options)) {
      lines.addAll(OperationText.lines(inference.operations()));
    } catch (PanambaException e) {
      lines.add("refused: " + e.getMessage());
    }
  }

  private static List<String> training(String name, Settings options) {
    try (Checkpoint weights = Checkpoint.open(NetworkGolden.weights(name));
        Device device = Device.cpu(1);
        Arena arena = Arena.ofConfined()) {
      return training(Architectures.recognise(weights), options, arena, device);
    }
  }

  private static <C extends NetworkConfig> List<String> training(
      Recognised<C> recognised, Settings options, Arena arena, Device device) {
    C config = recognised.read(options);
    try (Trainer trainer =
        new Trainer(
            recognised.family(),
            config,
            Network.fit(recognised, config, 0, arena),
            TrainingOptions.defaults().withBatch(BATCH),
            device)) {
      return OperationText.lines(trainer.operations());
    } catch (IllegalArgumentException e) {
      return List.of("refused: " + e.getMessage());
    }
  }

  private static void compare(Path file, List<String> lines) throws IOException {
    if (WRITE) {
      Files.createDirectories(FOLDER);
      Files.write(file, lines);
    }
    assertThat(lines)
        .as("%s; -Dpanamba.lists=write writes it", file)
        .isEqualTo(Files.readAllLines(file));
  }
}
