package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.PresetNetwork;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published networks with random weights, alone and in a batch of eight. */
@Tag("slow")
class PublishedSizesTest {
  private static final int BATCH = 8;

  @ParameterizedTest
  @CsvSource({
    "vim-tiny,224",
    "vim-tiny,512",
    "vim-tiny,1248",
    "vim-small,224",
    "vim-small,512",
    "vim-base,224",
    "vim-base,512",
    "deit-tiny,224",
    "deit-tiny,1248",
    "deit-small,224",
    "deit-base-distilled,224",
    "deit-base-384,384",
    "mambaout-femto,224",
    "mambaout-base,288",
    "mambaout-base-plus-rw,224",
    "vmamba-tiny,224",
    "vmamba-tiny,512",
    "vmamba-base,224",
    "vmamba-vanilla-tiny,224"
  })
  void anImageHasTheBitsInABatchThatItHasAlone(String preset, int size) {
    try (Device device = Device.cpu();
        Network vim = PresetNetwork.open(preset, device, Settings.none())) {
      float[] alone = logits(vim, 1, size);
      for (float logit : alone) {
        assertThat(logit).isFinite();
      }
      float[] batch = logits(vim, BATCH, size);
      for (int i = 0; i < BATCH; i++) {
        assertThat(Arrays.copyOfRange(batch, i * alone.length, (i + 1) * alone.length))
            .containsExactly(alone);
      }
    }
  }

  private static float[] logits(Network vim, int batch, int size) {
    float[] pixels = new float[3 * size * size];
    Random random = new Random(5);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    try (Inference inference =
        vim.plan(new InferenceOptions(batch, size, size, true, false, false))) {
      for (int i = 0; i < batch; i++) {
        inference.image().slice(i, 1).copyFrom(pixels);
      }
      inference.run();
      return inference.logits().toFloats();
    }
  }
}
