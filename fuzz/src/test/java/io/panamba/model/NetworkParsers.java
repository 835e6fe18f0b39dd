package io.panamba.model;

import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.CheckpointParsers;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** What a network's files say about it, for fuzzing. */
public final class NetworkParsers {
  private static final int WEIGHT_BYTES = 1 << 14;

  private NetworkParsers() {}

  /**
   * Tells a network from the header of its safetensors file.
   *
   * @param header JSON; the weights after it are zeros
   * @return its configuration and labels
   */
  public static Object config(byte[] header) {
    byte[] file = CheckpointParsers.safetensors(header, WEIGHT_BYTES);
    try (Checkpoint checkpoint = Checkpoint.read("input", file)) {
      VimConfig config = Architectures.recognise(Vim.FAMILY, checkpoint).read(Settings.none());
      return List.of(config, Labels.of(checkpoint, config).size());
    }
  }

  /**
   * Reads labels.
   *
   * @param file the input
   * @return the names
   */
  public static Object labels(Path file) {
    Labels labels = Labels.read(file);
    return IntStream.range(0, labels.size()).mapToObj(labels::name).toList();
  }
}
