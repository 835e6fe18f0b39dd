package io.panamba.tests.lists;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Random;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/**
 * Ten steps of training end in the bits that {@code tests/lists/training.properties} has of them:
 * the checksum of all weights, one for each instruction-set tier, since the tiers sum in different
 * orders. {@code avx512bf16} differs from {@code avx512} in bfloat16 alone.
 */
@OnEveryTier
class TrainingBitsTest {
  private static final Path FILE = Path.of("lists", "training.properties");
  private static final int STEPS = 10;

  @Test
  void tenSteps() throws IOException {
    VimConfig config = Vim.FAMILY.preset("nano", Settings.none());
    TrainingOptions options =
        TrainingOptions.defaults().withBatch(4).withDropPath(0.2f).withAverageDecay(0.9f);
    try (Device device = Device.cpu(2);
        Arena arena = Arena.ofConfined();
        Trainer trainer =
            new Trainer(
                Vim.FAMILY, config, Network.draw(Vim.FAMILY, config, 3, arena), options, device)) {
      SplittableRandom random = new SplittableRandom(11);
      for (int step = 0; step < STEPS; step++) {
        trainer.images().copyFrom(Random.floats(random, trainer.images().shape().elements()));
        for (int i = 0; i < options.batch(); i++) {
          trainer.labels().segment().setAtIndex(ValueLayout.JAVA_INT, i, (step + 3 * i) % 10);
        }
        trainer.step(1e-3);
      }
      CRC32 sum = new CRC32();
      for (Tensor weight : trainer.weights(arena).values()) {
        sum.update(weight.segment().asByteBuffer());
      }
      String tier = device.tier().replace("bf16", "");
      Properties expected = new Properties();
      expected.load(Files.newBufferedReader(FILE));
      assertThat("%08x".formatted(sum.getValue()))
          .as("%s in %s", tier, FILE)
          .isEqualTo(expected.getProperty(tier));
    }
  }
}
