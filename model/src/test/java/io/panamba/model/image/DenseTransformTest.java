package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Inputs of networks that segment or detect. */
class DenseTransformTest {
  /** The sizes are Python's: int(side * min(4 S / longer, S / shorter) + 0.5). */
  @ParameterizedTest
  @CsvSource({
    "640,480,512,683,512",
    "480,640,512,512,683",
    "131,90,64,93,64",
    "1000,100,512,2048,205",
    "100,1000,64,26,256",
    "5000,1,512,2048,1",
    "1,1,64,64,64"
  })
  void windowsSeeTheShorterSide(int width, int height, int side, int toWidth, int toHeight) {
    RgbImage resized = new SegmentationTransform(side).resize(Pictures.random(width, height, 1));
    assertThat(resized).hasToString("%d x %d RGB", toWidth, toHeight);
  }

  @ParameterizedTest
  @CsvSource({
    "640,480,512,672,512",
    "656,480,512,704,512",
    "100,1000,64,32,256",
    "5000,1,512,2048,32"
  })
  void wholePicturesHaveSidesOfAMultiple(
      int width, int height, int side, int toWidth, int toHeight) {
    RgbImage image = Pictures.random(width, height, 1);
    assertThat(new SegmentationTransform(side).resizeWhole(image))
        .hasToString("%d x %d RGB", toWidth, toHeight);
  }

  /** The sizes are detectron2's ResizeShortestEdge. */
  @ParameterizedTest
  @CsvSource({
    "640,480,1024,1024,768",
    "480,640,1024,768,1024",
    "150,97,128,128,83",
    "97,150,128,83,128",
    "500,500,128,128,128",
    "5000,1,128,128,1"
  })
  void detectorsSeeTheLongerSide(int width, int height, int side, int toWidth, int toHeight) {
    RgbImage resized = new DetectionTransform(side).resize(Pictures.random(width, height, 1));
    assertThat(resized).hasToString("%d x %d RGB", toWidth, toHeight);
  }

  @Test
  void beyondThePictureThereAreZeros() {
    RgbImage image = Pictures.random(5, 3, 2);
    Normalisation normalisation = Normalisation.imagenet();
    try (Arena arena = Arena.ofConfined()) {
      Tensor target = Tensor.allocate(arena, DType.F32, Shape.of(1, 3, 4, 4));
      target.segment().fill((byte) 1);
      new SegmentationTransform(4).writeWindow(image, 2, 1, target);
      float[] values = target.toFloats();
      for (int c = 0; c < 3; c++) {
        for (int y = 0; y < 4; y++) {
          for (int x = 0; x < 4; x++) {
            float expected = 0;
            if (y + 1 < 3 && x + 2 < 5) {
              int sample = image.pixels()[((y + 1) * 5 + x + 2) * 3 + c] & 255;
              expected = normalisation.values()[c * 256 + sample];
            }
            assertThat(values[(c * 4 + y) * 4 + x]).isEqualTo(expected);
          }
        }
      }
    }
  }

  @Test
  void wrongInputsAreRefused() {
    RgbImage image = Pictures.random(5, 3, 2);
    SegmentationTransform transform = new SegmentationTransform(4);
    try (Arena arena = Arena.ofConfined()) {
      Tensor target = Tensor.allocate(arena, DType.F32, Shape.of(3, 4, 4));
      Tensor other = Tensor.allocate(arena, DType.F32, Shape.of(3, 4, 5));
      Tensor bytes = Tensor.allocate(arena, DType.U8, Shape.of(3, 4, 4));
      assertThatThrownBy(() -> transform.writeWindow(image, 0, 0, other))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("(3, 4, 4)");
      assertThatThrownBy(() -> new DetectionTransform(4).write(image, bytes))
          .isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> transform.writeWindow(image, 5, 0, target))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("begins at (5, 0)");
    }
    assertThatIllegalArgumentException().isThrownBy(() -> new SegmentationTransform(0));
    assertThatIllegalArgumentException().isThrownBy(() -> new DetectionTransform(-1));
  }
}
