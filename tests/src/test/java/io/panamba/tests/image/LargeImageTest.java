package io.panamba.tests.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.ImageException;
import io.panamba.model.image.LargeImage;
import io.panamba.model.image.RgbImage;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.SplittableRandom;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows of a picture are those of the whole picture. */
class LargeImageTest {
  private static final float[] NO_MEAN = {0, 0, 0};
  private static final float[] IN_255THS = {1 / 255f, 1 / 255f, 1 / 255f};

  @TempDir Path folder;

  private static BufferedImage picture(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    SplittableRandom random = new SplittableRandom(width * 31L + height);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    return image;
  }

  private static Path write(
      Path file, BufferedImage image, ImageWriteParam param, ImageWriter writer)
      throws IOException {
    try (ImageOutputStream out = ImageIO.createImageOutputStream(file.toFile())) {
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), param);
    } finally {
      writer.dispose();
    }
    return file;
  }

  /** Unlike TwelveMonkeys', it writes tiles. */
  private static ImageWriter jdkTiffWriter() {
    Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName("TIFF");
    while (true) {
      ImageWriter writer = writers.next();
      if (writer.getClass().getName().startsWith("com.sun.")) {
        return writer;
      }
    }
  }

  private Path tiff(int width, int height, int tile, String compression) throws IOException {
    ImageWriter writer = jdkTiffWriter();
    ImageWriteParam param = writer.getDefaultWriteParam();
    if (tile > 0) {
      param.setTilingMode(ImageWriteParam.MODE_EXPLICIT);
      param.setTiling(tile, tile, 0, 0);
    }
    if (!compression.isEmpty()) {
      param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      param.setCompressionType(compression);
    }
    return write(folder.resolve("picture.tif"), picture(width, height), param, writer);
  }

  private static void check(Path file) {
    RgbImage whole = new ImageDecoder().decode(file);
    try (LargeImage image = LargeImage.open(file, NO_MEAN, IN_255THS);
        Arena arena = Arena.ofConfined()) {
      assertThat(image.height()).isEqualTo(whole.height());
      assertThat(image.width()).isEqualTo(whole.width());
      for (int rows : new int[] {1, 7, 16, 64, whole.height()}) {
        for (int first = 0; first + rows <= whole.height(); first += Math.max(1, rows - 2)) {
          Tensor target = Tensor.allocate(arena, DType.F32, Shape.of(3, rows, whole.width()));
          image.read(first, target);
          assertSame(target.toFloats(), whole, first, rows);
        }
      }
    }
  }

  private static void assertSame(float[] actual, RgbImage whole, int first, int rows) {
    byte[] expected = new byte[actual.length];
    byte[] rounded = new byte[actual.length];
    int area = rows * whole.width();
    for (int i = 0; i < actual.length; i++) {
      int pixel = first * whole.width() + i % area;
      expected[i] = whole.pixels()[pixel * 3 + i / area];
      rounded[i] = (byte) Math.round(actual[i]);
    }
    assertThat(Arrays.equals(rounded, expected)).as("rows %d of %d", first, rows).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "100, 70, 16, ''",
    "100, 70, 32, Deflate",
    "70, 100, 48, LZW",
    "70, 100, 256, ''",
    "33, 65, 0, ''",
    "33, 65, 0, Deflate"
  })
  void tiles(int width, int height, int tile, String compression) throws IOException {
    check(tiff(width, height, tile, compression));
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "bmp", "gif", "jpg"})
  void otherFormats(String format) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
    check(write(folder.resolve("picture." + format), picture(61, 83), null, writer));
  }

  @Test
  void theNormalisationOfThePublishedModels() throws IOException {
    Path file = tiff(8, 8, 16, "");
    RgbImage whole = new ImageDecoder().decode(file);
    try (LargeImage image = LargeImage.open(file);
        Arena arena = Arena.ofConfined()) {
      Tensor target = Tensor.allocate(arena, DType.F32, Shape.of(3, 8, 8));
      image.read(0, target);
      assertThat(target.toFloats()[0])
          .isEqualTo(((whole.pixels()[0] & 255) / 255f - 0.485f) / 0.229f);
    }
  }

  @Test
  void rowsThatAreNotThere() throws IOException {
    try (LargeImage image = LargeImage.open(tiff(8, 9, 16, ""));
        Arena arena = Arena.ofConfined()) {
      Tensor target = Tensor.allocate(arena, DType.F32, Shape.of(3, 4, 8));
      assertThatThrownBy(() -> image.read(6, target)).isInstanceOf(ShapeException.class);
      assertThatThrownBy(() -> image.read(-1, target)).isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void aFileThatEndsEarly() throws IOException {
    Path file = tiff(128, 128, 32, "");
    byte[] bytes = Files.readAllBytes(file);
    // The directory of the JDK's files stands at their start, the tiles after it.
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    assertThatThrownBy(() -> LargeImage.open(file))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining("cut short");
  }

  @Test
  void filesThatAreNoPictures() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.tif"), "II*\0 and no more");
    for (Path file : new Path[] {folder, folder.resolve("none.tif"), text}) {
      assertThatThrownBy(() -> LargeImage.open(file))
          .isInstanceOf(ImageException.class)
          .hasMessageStartingWith(file + ": ");
    }
  }
}
