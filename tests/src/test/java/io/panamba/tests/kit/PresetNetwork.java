package io.panamba.tests.kit;

import io.panamba.model.Architectures;
import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;

/** Networks of published sizes with random weights. */
public final class PresetNetwork {
  private PresetNetwork() {}

  /**
   * Opens one.
   *
   * @param name of the preset
   * @param device where it will run
   * @param settings what is to differ
   * @return the network
   */
  public static Network open(String name, Device device, Settings settings) {
    try (Arena arena = Arena.ofConfined();
        Checkpoint checkpoint =
            Checkpoint.of(Architectures.preset(name).draw(Settings.none(), 1, arena))) {
      return Network.load(checkpoint, device, settings);
    }
  }
}
