package io.panamba.tests.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.image.DetectionTransform;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.RgbImage;
import io.panamba.model.image.SegmentationTransform;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Inputs of networks that segment and detect, against what mmcv and detectron2 make of pictures.
 */
class DenseImageGoldenTest {
  /** The expected values were rounded once, from double; ours after each step. A level is 0.017. */
  private static final float ROUNDING = 1e-5f;

  private static RgbImage picture(String name) {
    return new ImageDecoder().upright().decode(GoldenFiles.path(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"dense/vim_nano_upernet", "dense/vim_nano_upernet_stream"})
  void ofSegmentation(String name) {
    SegmentationTransform transform = new SegmentationTransform(64);
    RgbImage resized = transform.resize(picture(name + ".png"));
    try (Checkpoint golden = Checkpoint.open(GoldenFiles.path(name + ".expected.safetensors"));
        Arena arena = Arena.ofConfined()) {
      Shape shape = golden.find("png.input").orElseThrow().shape();
      assertThat(shape).isEqualTo(Shape.of(1, 3, resized.height(), resized.width()));
      float[] expected = GoldenFiles.floats(golden, "png.input");
      int width = resized.width();
      Tensor window = Tensor.allocate(arena, DType.F32, Shape.of(1, 3, 64, 64));
      for (int left : new int[] {0, width - 64}) {
        transform.writeWindow(resized, left, 0, window);
        float[] values = window.toFloats();
        for (int i = 0; i < values.length; i++) {
          float value = expected[i / 64 * width + left + i % 64];
          assertThat(values[i]).isCloseTo(value, within(ROUNDING));
        }
      }
    }
  }

  @Test
  void ofDetection() {
    DetectionTransform transform = new DetectionTransform(128);
    RgbImage resized = transform.resize(picture("dense/vim_nano_cascade.png"));
    assertThat(resized).hasToString("128 x 83 RGB");
    try (Checkpoint golden =
            Checkpoint.open(GoldenFiles.path("dense/vim_nano_cascade.expected.safetensors"));
        Arena arena = Arena.ofConfined()) {
      Tensor input = Tensor.allocate(arena, DType.F32, Shape.of(1, 3, 128, 128));
      transform.write(resized, input);
      assertThat(input.toFloats())
          .containsExactly(GoldenFiles.floats(golden, "image"), within(ROUNDING));
    }
  }
}
