package io.panamba.jmh;

import io.panamba.model.Inference;
import io.panamba.model.InferenceOptions;
import io.panamba.model.Precision;
import io.panamba.model.Vim;
import io.panamba.model.VimInitializer;
import io.panamba.model.VimOptions;
import io.panamba.model.VimPreset;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;

/** A Vim network with random weights, planned and warmed up. */
final class VimSession implements AutoCloseable {
  private final Device device;
  private final Vim vim;
  private final Inference inference;

  VimSession(VimPreset preset, Precision precision, int imageSize, int batch, int threads) {
    device = Device.cpu(threads);
    VimOptions options = VimOptions.defaults().withPrecision(precision);
    try (Arena arena = Arena.ofShared();
        Checkpoint checkpoint =
            Checkpoint.of(VimInitializer.initialize(preset, VimOptions.defaults(), 1, arena))) {
      vim = Vim.load(checkpoint, device, options);
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
