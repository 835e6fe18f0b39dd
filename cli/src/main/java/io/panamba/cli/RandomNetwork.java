package io.panamba.cli;

import io.panamba.model.Architectures.Preset;
import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;

/** Networks with random weights. */
final class RandomNetwork {
  private RandomNetwork() {}

  /**
   * Opens a network that was drawn for its usual image size; for others it interpolates.
   *
   * @param preset its family and size
   * @param settings its image size, stride and so on
   * @param seed of the random numbers
   * @param device where it will run
   */
  static Network open(Preset<?> preset, Settings settings, long seed, Device device) {
    Settings usual = settings.withImageSize(preset.config(Settings.none()).image());
    Settings opened = preset.config(usual).settings();
    if (settings.get(Settings.IMAGE_HEIGHT).isPresent()) {
      opened = opened.withImageSize(preset.config(settings).image());
    }
    try (Arena arena = Arena.ofConfined();
        Checkpoint checkpoint = Checkpoint.of(preset.draw(usual, seed, arena))) {
      return Network.load(checkpoint, device, opened);
    }
  }
}
