package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageTransformTest {
  private static final float[] ZERO = {0, 0, 0};
  private static final float[] ONE = {1, 1, 1};

  /** The sizes and offsets are Python's: int(S / 0.875), int(short * h / w), round((h - S) / 2). */
  @ParameterizedTest
  @CsvSource({
    "640,480,224,341,256,58,16",
    "480,640,224,256,341,16,58",
    "451,300,224,384,256,80,16",
    "33,1000,224,256,7757,16,3766",
    "256,256,224,256,256,16,16",
    "100,103,48,54,55,3,4",
    "101,100,64,73,73,4,4"
  })
  void resizesTheShorterSideAndCropsTheCentre(
      int width, int height, int size, int toWidth, int toHeight, int left, int top) {
    RgbImage image = Pictures.random(width, height, 5);
    RgbImage expected =
        Resampler.resize(image, Resampler.Filter.BICUBIC, toWidth, toHeight, left, top, size, size);
    assertThat(new ImageTransform(size).resizeAndCrop(image).pixels()).isEqualTo(expected.pixels());
  }

  @ParameterizedTest
  @CsvSource({
    // A picture wider than the input: its height sets the scale.
    "640,320,56,112,128,64,8,4",
    "640,300,56,112,136,64,12,4",
    // And one that is higher.
    "300,640,56,112,128,273,8,108",
    "300,640,112,56,64,136,4,12"
  })
  void aRectangularInputIsCovered(
      int width, int height, int toHeight, int toWidth, int w, int h, int left, int top) {
    RgbImage image = Pictures.random(width, height, 5);
    RgbImage expected =
        Resampler.resize(image, Resampler.Filter.BICUBIC, w, h, left, top, toWidth, toHeight);
    RgbImage result = new ImageTransform(toHeight, toWidth).resizeAndCrop(image);
    assertThat(result).hasToString(expected.toString());
    assertThat(result.pixels()).isEqualTo(expected.pixels());
  }

  @Test
  void everyInputIsCoveredWhateverTheProportions() {
    for (int width : new int[] {1, 2, 3, 31, 32, 33, 100, 1000}) {
      for (int height : new int[] {1, 2, 3, 31, 32, 33, 100, 1000}) {
        RgbImage image = Pictures.random(width, height, 9);
        for (int[] size : new int[][] {{1, 1}, {32, 32}, {33, 33}, {48, 16}, {16, 48}, {7, 70}}) {
          RgbImage result = new ImageTransform(size[0], size[1]).resizeAndCrop(image);
          assertThat(result.height()).isEqualTo(size[0]);
          assertThat(result.width()).isEqualTo(size[1]);
        }
      }
    }
  }

  @Test
  void squashedPicturesTakeTheProportionsOfTheInput() {
    RgbImage image = Pictures.random(90, 70, 5);
    Rgb zero = new Rgb(0, 0, 0);
    Rgb one = new Rgb(1, 1, 1);
    assertThat(
            new Preprocessing(CropMode.SQUASH, 1, zero, one)
                .transform(40, 60)
                .resizeAndCrop(image)
                .pixels())
        .isEqualTo(
            Resampler.resize(image, Resampler.Filter.BICUBIC, 60, 40, 0, 0, 60, 40).pixels());
    assertThat(
            new Preprocessing(CropMode.SQUASH, 0.9, zero, one)
                .transform(40, 60)
                .resizeAndCrop(image)
                .pixels())
        .isEqualTo(
            Resampler.resize(image, Resampler.Filter.BICUBIC, 66, 44, 3, 2, 60, 40).pixels());
  }

  @Test
  void smallInputsTakeAPictureOfTheirSizeAsItIs() {
    RgbImage exact = Pictures.random(32, 32, 1);
    assertThat(new ImageTransform(32).resizeAndCrop(exact).pixels()).isEqualTo(exact.pixels());
    RgbImage larger = Pictures.random(40, 36, 1);
    assertThat(new ImageTransform(32).resizeAndCrop(larger).pixels())
        .isEqualTo(
            Resampler.resize(larger, Resampler.Filter.BICUBIC, 40, 36, 4, 2, 32, 32).pixels());
    RgbImage exact33 = Pictures.random(33, 33, 1);
    assertThat(new ImageTransform(33).resizeAndCrop(exact33).pixels())
        .isNotEqualTo(exact33.pixels());
  }

  @Test
  void aVeryLongPictureTakesNoMemoryForWhatIsCutOff() {
    RgbImage line = Pictures.random(200_000, 1, 2);
    assertThat(new ImageTransform(224).resizeAndCrop(line).width()).isEqualTo(224);
    RgbImage longer = Pictures.random(20_000_000, 1, 2);
    assertThatThrownBy(() -> new ImageTransform(224).resizeAndCrop(longer))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("20000000 x 1");
  }

  @Test
  void normalisesInFloat32() {
    byte[] pixels = new byte[32 * 32 * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i / 3);
    }
    float[] mean = {0.485f, 0.456f, 0.406f};
    float[] deviation = {0.229f, 0.224f, 0.225f};
    try (Arena arena = Arena.ofConfined()) {
      Tensor target = Tensor.allocate(arena, DType.F32, Shape.of(3, 32, 32));
      new ImageTransform(32).apply(RgbImage.of(32, 32, pixels), target);
      float[] values = target.toFloats();
      for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 1024; i++) {
          float expected = ((i & 255) / 255f - mean[c]) / deviation[c];
          assertThat(values[c * 1024 + i]).isEqualTo(expected);
        }
      }
    }
  }

  /** Bytes are planes of the resized picture, as they are. */
  @Test
  void writesBytes() {
    RgbImage image = Pictures.random(50, 60, 4);
    ImageTransform transform = new ImageTransform(40, 48);
    byte[] resized = transform.resizeAndCrop(image).pixels();
    try (Arena arena = Arena.ofConfined()) {
      Tensor batch = Tensor.allocate(arena, DType.U8, Shape.of(2, 3, 40, 48));
      transform.apply(image, batch.slice(1, 1));
      byte[] bytes = batch.segment().toArray(ValueLayout.JAVA_BYTE);
      int plane = 40 * 48;
      for (int i = 0; i < 3 * plane; i++) {
        assertThat(bytes[i]).isZero();
        assertThat(bytes[3 * plane + i]).isEqualTo(resized[i % plane * 3 + i / plane]);
      }
    }
  }

  @Test
  void writesOneImageOfABatch() {
    RgbImage image = Pictures.random(50, 60, 4);
    ImageTransform transform = new ImageTransform(40, 48);
    try (Arena arena = Arena.ofConfined()) {
      Tensor single = Tensor.allocate(arena, DType.F32, Shape.of(3, 40, 48));
      transform.apply(image, single);
      Tensor batch = Tensor.allocate(arena, DType.F32, Shape.of(3, 3, 40, 48));
      transform.apply(image, batch.slice(1, 1));
      assertThat(batch.slice(0, 1).toFloats()).containsOnly(0);
      assertThat(batch.slice(1, 1).toFloats()).isEqualTo(single.toFloats());
      assertThat(batch.slice(2, 1).toFloats()).containsOnly(0);
    }
  }

  @Test
  void manyThreadsWriteTheSame() throws Exception {
    RgbImage image = Pictures.random(300, 200, 6);
    ImageTransform transform = new ImageTransform(64);
    try (Arena arena = Arena.ofShared();
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      Tensor batch = Tensor.allocate(arena, DType.F32, Shape.of(9, 3, 64, 64));
      transform.apply(image, batch.slice(8, 1));
      float[] expected = batch.slice(8, 1).toFloats();
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Tensor target = batch.slice(i, 1);
        running.add(
            threads.submit(
                () -> {
                  for (int j = 0; j < 20; j++) {
                    target.segment().fill((byte) 0);
                    transform.apply(image, target);
                    assertThat(target.toFloats()).isEqualTo(expected);
                  }
                }));
      }
      for (Future<?> future : running) {
        future.get();
      }
    }
  }

  @Test
  void refusesOtherTargets() {
    RgbImage image = Pictures.random(8, 8, 1);
    ImageTransform transform = new ImageTransform(8, 10);
    try (Arena arena = Arena.ofConfined()) {
      for (Shape shape :
          new Shape[] {
            Shape.of(3, 10, 8),
            Shape.of(1, 8, 10),
            Shape.of(2, 3, 8, 10),
            Shape.of(240),
            Shape.of(8, 10),
            Shape.of(1, 1, 3, 8, 10)
          }) {
        Tensor target = Tensor.allocate(arena, DType.F32, shape);
        assertThatThrownBy(() -> transform.apply(image, target))
            .isInstanceOf(ShapeException.class)
            .hasMessageContaining("F32 or U8, (3, 8, 10) or (1, 3, 8, 10)")
            .hasMessageContaining(target.toString());
      }
      Tensor half = Tensor.allocate(arena, DType.F16, Shape.of(3, 8, 10));
      assertThatThrownBy(() -> transform.apply(image, half)).isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void refusesOtherParameters() {
    assertThatIllegalArgumentException().isThrownBy(() -> new ImageTransform(0));
    assertThatIllegalArgumentException().isThrownBy(() -> new ImageTransform(8, -1));
    for (double ratio : new double[] {0, -1, 1.01, Double.NaN, 1e-300}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new ImageTransform(8, 8, ratio, ZERO, ONE));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImageTransform(8, 8, 1, new float[2], ONE));
    assertThatIllegalArgumentException().isThrownBy(() -> new ImageTransform(8, 8, 1, ZERO, ZERO));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImageTransform(8, 8, 1, new float[] {Float.NaN, 0, 0}, ONE));
  }
}
