package io.panamba.tests.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.ImageTransform;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures against what Pillow and torchvision make of them. */
class ImageGoldenTest {
  private static final double[] MEAN = {0.485, 0.456, 0.406};
  private static final double[] DEVIATION = {0.229, 0.224, 0.225};

  @ParameterizedTest
  @ValueSource(strings = {"chelsea.png", "coins.png", "horse.png", "rocket.jpg"})
  void theInputIsThatOfTheOriginalPipeline(String name) {
    float[] expected;
    try (Checkpoint golden = Checkpoint.open(file(name + ".expected.safetensors"))) {
      expected = golden.find("size224").orElseThrow().toFloats();
    }
    try (Arena arena = Arena.ofConfined()) {
      Tensor input = Tensor.allocate(arena, DType.F32, Shape.of(1, 3, 224, 224));
      new ImageTransform(224).apply(new ImageDecoder().decode(file(name)), input);
      float[] values = input.toFloats();
      assertThat(values).hasSameSizeAs(expected);
      for (int i = 0; i < expected.length; i++) {
        int channel = i / (224 * 224);
        // The expected values were rounded once, from double; ours after each step, as torch's.
        assertThat(values[i]).isCloseTo(expected[i], within(1e-6f));
        assertThat(level(values[i], channel)).isEqualTo(level(expected[i], channel));
      }
    }
  }

  private static long level(float value, int channel) {
    return Math.round((value * DEVIATION[channel] + MEAN[channel]) * 255);
  }

  private static Path file(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(ImageGoldenTest.class.getResource("/golden/images/" + name), name)
              .toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
