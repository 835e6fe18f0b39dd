package io.panamba.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import io.panamba.tests.kit.Numbers;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.kit.Transpose;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Segmentation networks, from pixels to logits: the maps on the way, the head, both precisions. */
@OnEveryTier
class UpernetGoldenTest {
  private static final double BOUND = 1e-5;

  /** Outputs of mixers are read alone, without the part of the residual stream that is exact. */
  private static final double BF16_BOUND = 3e-2;

  private static Checkpoint expected(String name) {
    return Checkpoint.open(GoldenFiles.path("dense/" + name + ".expected.safetensors"));
  }

  private static Inference plan(Network network, Checkpoint expected) {
    Shape image = expected.find("image").orElseThrow().shape();
    return network.plan(
        new InferenceOptions(
            Math.toIntExact(image.size(0)),
            Math.toIntExact(image.size(2)),
            Math.toIntExact(image.size(3)),
            true,
            false,
            true));
  }

  /** Maps are channels last here, and planes in the file. */
  private static void assertMap(Checkpoint expected, String key, Tensor map, double bound) {
    Shape planes = expected.find(key).orElseThrow().shape();
    Shape flat = Shape.of(planes.size(0), planes.size(1), planes.size(2) * planes.size(3));
    try (Arena arena = Arena.ofConfined()) {
      float[] wanted =
          Transpose.lastAxes(arena, flat, GoldenFiles.floats(expected, key)).toFloats();
      Numbers.assertClose(key, map, wanted, bound);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vim_nano_upernet", "vim_nano_upernet_stream"})
  void everyMapOfVim(String name) {
    try (Checkpoint expected = expected(name);
        Device device = Device.cpu(2);
        Network network = Network.open(GoldenFiles.path("dense/" + name + ".safetensors"), device);
        Inference inference = plan(network, expected)) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
      inference.run();
      for (int i : List.of(0, 3)) {
        assertMap(expected, "tap." + i, inference.tap("map." + i).orElseThrow(), BOUND);
      }
      for (int i : List.of(0, 1, 3)) {
        assertMap(expected, "pyramid." + i, inference.tap("pyramid." + i).orElseThrow(), BOUND);
      }
      assertMap(expected, "ppm", inference.tap("ppm").orElseThrow(), BOUND);
      assertMap(expected, "auxiliary_logits", inference.tap("auxiliary").orElseThrow(), BOUND);
      assertMap(expected, "logits", inference.logits(), BOUND);
    }
  }

  @Test
  void stagesOfVmamba() {
    try (Checkpoint expected = expected("vmamba_nano_upernet");
        Device device = Device.cpu(2);
        Network network =
            Network.open(GoldenFiles.path("dense/vmamba_nano_upernet.safetensors"), device);
        Inference inference = plan(network, expected)) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
      inference.run();
      for (int i = 0; i < 4; i++) {
        assertMap(expected, "feature." + i, inference.tap("pyramid." + i).orElseThrow(), BOUND);
      }
      assertMap(expected, "logits", inference.logits(), BOUND);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vim_nano_upernet", "vim_nano_upernet_stream", "vmamba_nano_upernet"})
  void halfPrecision(String name) {
    Settings settings = Settings.none().withPrecision(Precision.BF16);
    try (Checkpoint expected = expected(name);
        Device device = Device.cpu(2);
        Network network =
            Network.open(GoldenFiles.path("dense/" + name + ".safetensors"), device, settings);
        Inference inference = plan(network, expected)) {
      inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
      inference.run();
      assertMap(expected, "logits", inference.logits(), BF16_BOUND);
    }
  }

  /** Batch norms are folded alike, whatever the container. */
  @Test
  void theFileOfTheTrainerGivesTheSameBits() {
    try (Checkpoint expected = expected("vim_nano_upernet");
        Device device = Device.cpu(1)) {
      float[][] logits = new float[2][];
      List<String> files = List.of("vim_nano_upernet.safetensors", "vim_nano_upernet.pth");
      for (int i = 0; i < files.size(); i++) {
        try (Network network = Network.open(GoldenFiles.path("dense/" + files.get(i)), device);
            Inference inference = plan(network, expected)) {
          inference.image().copyFrom(GoldenFiles.floats(expected, "image"));
          inference.run();
          logits[i] = inference.logits().toFloats();
        }
      }
      assertThat(logits[1]).containsExactly(logits[0]);
    }
  }
}
