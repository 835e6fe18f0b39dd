package io.panamba.jmh;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.vim.Vim;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;

/** A Vim network with random weights, planned and warmed up. */
final class VimSession implements AutoCloseable {
  private final Device device;
  private final Network vim;
  private final Inference inference;

  VimSession(String preset, Precision precision, int imageSize, int batch, int threads) {
    device = Device.cpu(threads);
    Settings options = Settings.none().withPrecision(precision);
    try (Arena arena = Arena.ofShared();
        Checkpoint checkpoint =
            Checkpoint.of(
                Network.draw(Vim.FAMILY, Vim.FAMILY.preset(preset, Settings.none()), 1, arena))) {
      vim = Network.load(checkpoint, device, options);
    }
    inference = vim.plan(new InferenceOptions(batch, imageSize, imageSize, true, false, false));
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
    vim.close();
    device.close();
  }
}
