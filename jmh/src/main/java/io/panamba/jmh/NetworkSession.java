package io.panamba.jmh;

import io.panamba.model.Architectures;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;

/** A network of a usual size with random weights, planned and warmed up. */
final class NetworkSession implements AutoCloseable {
  private final Device device;
  private final Network network;
  private final Inference inference;

  /**
   * Plans a network.
   *
   * @param preset a name such as {@code vim-tiny}
   */
  NetworkSession(String preset, Precision precision, int imageSize, int batch, int threads) {
    device = Device.cpu(threads);
    try (Arena arena = Arena.ofShared();
        Checkpoint checkpoint =
            Checkpoint.of(Architectures.preset(preset).draw(Settings.none(), 1, arena))) {
      network = Network.load(checkpoint, device, Settings.none().withPrecision(precision));
    }
    inference = network.plan(new InferenceOptions(batch, imageSize, imageSize, true, false, false));
  }

  Inference inference() {
    return inference;
  }

  /** Copies pixels of one image to every image of the batch, and warms up. */
  void fill(float[] pixels) {
    for (int image = 0; image < inference.options().batch(); image++) {
      inference.image().slice(image, 1).copyFrom(pixels);
    }
    inference.warmUp();
  }

  @Override
  public void close() {
    inference.close();
    network.close();
    device.close();
  }
}
