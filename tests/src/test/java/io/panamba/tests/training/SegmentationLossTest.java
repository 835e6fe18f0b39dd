package io.panamba.tests.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Recognised;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loss of every pixel and of the head that helps, as mmsegmentation has it. */
class SegmentationLossTest {
  private static final String NAME = "dense/vim_nano_upernet";
  private static final int IGNORED = 255;

  @TempDir private Path folder;

  private static <C extends NetworkConfig> Trainer trainer(
      Recognised<C> recognised, Arena arena, Device device) {
    C config = recognised.read(Settings.none());
    TrainingOptions options = TrainingOptions.defaults().withBatch(1).withSmoothing(0);
    return new Trainer(
        recognised.family(), config, Network.fit(recognised, config, 0, arena), options, device);
  }

  private static void feed(Trainer trainer, Checkpoint expected) {
    trainer.images().copyFrom(GoldenFiles.floats(expected, "image"));
    byte[] labels = new byte[64 * 64];
    expected.find("label").orElseThrow().read(0, MemorySegment.ofArray(labels));
    for (int i = 0; i < labels.length; i++) {
      int label = labels[i] & 0xff;
      trainer
          .labels()
          .segment()
          .setAtIndex(ValueLayout.JAVA_INT, i, label == IGNORED ? CrossEntropy.NO_LABEL : label);
    }
  }

  @Test
  void theLossIsTheOriginals() {
    try (Checkpoint weights = Checkpoint.open(GoldenFiles.path(NAME + ".safetensors"));
        Checkpoint expected = Checkpoint.open(GoldenFiles.path(NAME + ".expected.safetensors"));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2);
        Trainer trainer = trainer(Architectures.recognise(weights), arena, device)) {
      feed(trainer, expected);
      double decode = GoldenFiles.floats(expected, "loss.decode")[0];
      double auxiliary = GoldenFiles.floats(expected, "loss.auxiliary")[0];
      // That of the head that helps has its share, 0.4, in it.
      double wanted = decode + auxiliary;
      assertThat(trainer.computeGradients()).isCloseTo(wanted, within(1e-5 * wanted));
    }
  }

  /** What is trained is written under the published keys, and gives the trained network's loss. */
  @Test
  void steps() {
    try (Checkpoint weights = Checkpoint.open(GoldenFiles.path(NAME + ".safetensors"));
        Checkpoint expected = Checkpoint.open(GoldenFiles.path(NAME + ".expected.safetensors"));
        Arena arena = Arena.ofConfined();
        Device device = Device.cpu(2);
        Trainer trainer = trainer(Architectures.recognise(weights), arena, device)) {
      feed(trainer, expected);
      double first = trainer.computeGradients();
      for (int i = 0; i < 20; i++) {
        trainer.step(2e-3);
      }
      double last = trainer.computeGradients();
      assertThat(last).isLessThan(0.9 * first);
      Path file = folder.resolve("trained.safetensors");
      Map<String, Tensor> trained = trainer.weights(arena);
      SafetensorsWriter.write(file, trained, Map.of());
      try (Checkpoint written = Checkpoint.open(file);
          Trainer again = trainer(Architectures.recognise(written), arena, device)) {
        feed(again, expected);
        assertThat(again.computeGradients()).isEqualTo(last);
      }
      try (Network network = Network.open(file, device);
          Inference inference = network.plan(new InferenceOptions(1, 64, 64, true, false, false))) {
        inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
        inference.run();
        inference.requireFinite(0);
      }
    }
  }
}
