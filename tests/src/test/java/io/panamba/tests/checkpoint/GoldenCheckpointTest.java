package io.panamba.tests.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Architectures;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.model.checkpoint.StoredTensor;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The containers that PyTorch writes, whole and damaged. */
class GoldenCheckpointTest {
  @TempDir Path folder;

  private static Path golden(String name) {
    try {
      return Path.of(GoldenCheckpointTest.class.getResource("/golden/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vim_nano.pth",
        "vim_nano_bare.pth",
        "vim_nano_legacy.pth",
        "vim_nano_fp16_module_prefix.pth"
      })
  void everyContainerHoldsTheSameTensors(String name) {
    // Matrices in float16 keep eleven bits.
    float tolerance = name.contains("fp16") ? 1e-3f : 0;
    try (Checkpoint expected = Checkpoint.open(golden("vim_nano.safetensors"));
        Checkpoint file = Checkpoint.open(golden(name))) {
      Checkpoint found = Architectures.recognise(file).checkpoint();
      assertThat(found.keys()).containsExactlyInAnyOrderElementsOf(expected.keys());
      for (String key : expected.keys()) {
        StoredTensor tensor = found.find(key).orElseThrow();
        float[] values = expected.find(key).orElseThrow().toFloats();
        assertThat(tensor.shape()).isEqualTo(expected.find(key).orElseThrow().shape());
        float[] actual = tensor.toFloats();
        for (int i = 0; i < values.length; i++) {
          assertThat(actual[i])
              .isCloseTo(values[i], within(tolerance * Math.max(1, Math.abs(values[i]))));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vim_nano.pth", "vim_nano_legacy.pth", "vim_nano.safetensors"})
  void everyTruncationIsRefused(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(golden(name));
    Path path = folder.resolve("truncated");
    for (int length = 0; length < bytes.length; length += 1 + length / 500) {
      Files.write(path, Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> Checkpoint.open(path)).isInstanceOf(CheckpointException.class);
    }
    Files.write(path, Arrays.copyOf(bytes, bytes.length - 1));
    assertThatThrownBy(() -> Checkpoint.open(path)).isInstanceOf(CheckpointException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vim_nano.pth",
        "vim_nano_legacy.pth",
        "vim_nano_fp16_module_prefix.pth",
        "vim_nano.safetensors"
      })
  void damageIsRefusedOrReadInBounds(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(golden(name));
    Path path = folder.resolve("damaged");
    Random random = new Random(20240117);
    int refused = 0;
    for (int round = 0; round < 1500; round++) {
      byte[] damaged = bytes.clone();
      for (int i = 0; i <= random.nextInt(4); i++) {
        int range = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 16_000);
        int at =
            random.nextInt(8) == 0
                ? bytes.length - 1 - random.nextInt(4000)
                : random.nextInt(range);
        damaged[at] = (byte) random.nextInt(256);
      }
      Files.write(path, damaged);
      try (Checkpoint checkpoint = Checkpoint.open(path)) {
        for (String key : checkpoint.keys()) {
          StoredTensor tensor = checkpoint.find(key).orElseThrow();
          if (tensor.dtype().isFloating()) {
            assertThat(tensor.toFloats()).hasSize((int) tensor.shape().elements());
          }
        }
      } catch (CheckpointException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void aTrainersDumpIsReadAtItsModel() {
    try (Checkpoint checkpoint = Checkpoint.open(golden("vim_nano.pth"))) {
      assertThat(checkpoint.metadata()).containsEntry("dictionary", "model");
    }
  }
}
