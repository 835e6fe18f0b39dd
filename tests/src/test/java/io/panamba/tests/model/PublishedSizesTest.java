package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.InferenceOptions;
import io.panamba.model.Vim;
import io.panamba.model.VimInitializer;
import io.panamba.model.VimOptions;
import io.panamba.model.VimPreset;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;
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
    "TINY,224",
    "TINY,512",
    "TINY,1248",
    "SMALL,224",
    "SMALL,512",
    "BASE,224",
    "BASE,512"
  })
  void anImageHasTheBitsInABatchThatItHasAlone(VimPreset preset, int size) {
    try (Device device = Device.cpu();
        Vim vim = load(preset, device)) {
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

  private static Vim load(VimPreset preset, Device device) {
    try (Arena arena = Arena.ofConfined();
        Checkpoint checkpoint =
            Checkpoint.of(VimInitializer.initialize(preset, VimOptions.defaults(), 1, arena))) {
      return Vim.load(checkpoint, device, VimOptions.defaults());
    }
  }

  private static float[] logits(Vim vim, int batch, int size) {
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
