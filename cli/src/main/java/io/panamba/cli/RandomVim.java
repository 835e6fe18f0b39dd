package io.panamba.cli;

import io.panamba.model.Vim;
import io.panamba.model.VimInitializer;
import io.panamba.model.VimOptions;
import io.panamba.model.VimPreset;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;

/** Networks with random weights. */
final class RandomVim {
  private RandomVim() {}

  /**
   * Opens a network that was drawn for its usual image size; for others it interpolates.
   *
   * @param preset its size
   * @param options its image size, stride and so on
   * @param seed of the random numbers
   * @param device where it will run
   */
  static Vim open(VimPreset preset, VimOptions options, long seed, Device device) {
    int size = preset.config(VimOptions.defaults()).imageHeight();
    VimOptions drawn = options.withImageSize(size);
    VimOptions opened = options.imageHeight() == null ? drawn : options;
    try (Arena arena = Arena.ofConfined();
        Checkpoint checkpoint =
            Checkpoint.of(VimInitializer.initialize(preset, drawn, seed, arena))) {
      return Vim.load(checkpoint, device, opened.withStride(preset.config(drawn).stride()));
    }
  }
}
