package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.PanambaException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DamagedImageTest {
  private static final ImageLimits UNLIMITED =
      new ImageLimits(Long.MAX_VALUE, Long.MAX_VALUE, Duration.ofDays(1));

  private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT.withPixels(1 << 16));

  /** A file of each kind, all of whose starts are tried. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "rgb-420.jpg",
        "restart.jpg",
        "progressive.jpg",
        "cmyk.jpg",
        "rgb.png",
        "rgb-interlaced.png",
        "grey16-trns.png",
        "palette-trns.png",
        "palette.gif",
        "interlaced.gif",
        "animated.gif",
        "small-frame.gif",
        "rgb.bmp",
        "palette.bmp",
        "rgb565.bmp",
        "rgb.tif",
        "rgb-strips.tif",
        "rgb-tiled.tif",
        "rgb-planar.tif",
        "rgb-lzw.tif",
        "rgb-lzw-predictor.tif",
        "rgb-deflate.tif",
        "rgb-packbits.tif",
        "rgb-zstandard.tif",
        "rgb-jpeg.tif",
        "bilevel-g4.tif",
        "palette.tif",
        "float.tif"
      })
  void cutAnywhereIsAnErrorOrTheSamePixels(String name) throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file(name));
    byte[] pixels = decoder.decode(file, name).pixels();
    int refused = 0;
    for (int length = 0; length < file.length; length++) {
      byte[] start = Arrays.copyOf(file, length);
      if (decode(start)) {
        assertThat(decoder.decode(start, name).pixels()).as("%d bytes", length).isEqualTo(pixels);
      } else {
        refused++;
      }
    }
    // A few last bytes may be beyond the pixels, as may the metadata of a TIFF.
    assertThat(refused).isGreaterThan(file.length / 2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rgb-420.jpg", "progressive.jpg", "cmyk.jpg", "no-jfif.jpg"})
  void aJpegCutAnywhereIsRefused(String name) throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file(name));
    for (int length = 0; length < file.length; length++) {
      assertThat(decode(Arrays.copyOf(file, length))).as("%d bytes", length).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rgb-420.jpg",
        "progressive.jpg",
        "rgb-440.jpg",
        "ycck.jpg",
        "rgb.png",
        "palette4.png",
        "rgb-interlaced.png",
        "small-frame.gif",
        "palette.bmp",
        "rgb565.bmp",
        "rgb-lzw-predictor.tif",
        "bilevel-g4.tif",
        "rgb-tiled.tif",
        "cmyk.tif",
        "palette.tif",
        "lossy-alpha.webp",
        "lossless-icc.webp",
        "animated.webp"
      })
  void randomDamageIsAnImageExceptionOrAPicture(String name) throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file(name));
    Random random = new Random(name.hashCode());
    for (int i = 0; i < 400; i++) {
      byte[] damaged = file.clone();
      int count = 1 + random.nextInt(4);
      for (int j = 0; j < count; j++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      decode(damaged);
    }
  }

  /** Tells whether a picture was made; anything but an ImageException fails the test. */
  private boolean decode(byte[] file) {
    try {
      RgbImage image = decoder.decode(file, "damaged");
      assertThat(image.pixels()).hasSize(image.width() * image.height() * 3);
      return true;
    } catch (ImageException e) {
      assertThat(e).hasMessageStartingWith("damaged: ");
      return false;
    }
  }

  @Test
  void headersThatLieAreRefusedBeforeMemoryIsTaken() throws IOException {
    ImageDecoder unlimited = new ImageDecoder(UNLIMITED);
    assertThatThrownBy(
            () ->
                unlimited.decode(
                    Pictures.withChecksums(resized("rgb.png", 16, ByteOrder.BIG_ENDIAN, 4)), "p"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("can't hold the 30000 x 30000 pixels");
    assertThatThrownBy(
            () -> unlimited.decode(resized("palette.gif", 6, ByteOrder.LITTLE_ENDIAN, 2), "g"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("can't hold");
    byte[] jpeg = Files.readAllBytes(Pictures.file("rgb-444.jpg"));
    int frame = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00FF\u00C0\0\u0011");
    assertThatThrownBy(
            () -> unlimited.decode(resized("rgb-444.jpg", frame + 5, ByteOrder.BIG_ENDIAN, 2), "j"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("can't hold");
  }

  @Test
  void aPictureThatFillsTheHeapIsAnImageException() throws IOException {
    // The most pixels whose samples fit an array, in a file just long enough to be believed.
    byte[] file = Arrays.copyOf(Files.readAllBytes(Pictures.file("rgb.png")), 100_000);
    ByteBuffer.wrap(file).putInt(16, 26_740).putInt(20, 26_740);
    assertThatThrownBy(
            () -> new ImageDecoder(UNLIMITED).decode(Pictures.withChecksums(file), "large.png"))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("large.png: ")
        .hasMessageContaining(Runtime.getRuntime().maxMemory() <= 1L << 31 ? "heap" : "damaged");
  }

  /** Returns a file whose header says 30000 x 30000. */
  private static byte[] resized(String name, int at, ByteOrder order, int width)
      throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file(name));
    ByteBuffer header = ByteBuffer.wrap(file).order(order);
    for (int i = 0; i < 2; i++) {
      if (width == 2) {
        header.putShort(at + 2 * i, (short) 30000);
      } else {
        header.putInt(at + 4 * i, 30000);
      }
    }
    return file;
  }

  @Test
  void thePixelLimitHolds() {
    for (String name :
        new String[] {
          "rgb.png", "grey.jpg", "palette.gif", "rgb.bmp", "rgb.tif", "lossless.webp"
        }) {
      assertThat(
              new ImageDecoder(ImageLimits.DEFAULT.withPixels(17 * 13))
                  .decode(Pictures.file(name))
                  .width())
          .isEqualTo(17);
      assertThatThrownBy(
              () ->
                  new ImageDecoder(ImageLimits.DEFAULT.withPixels(17 * 13 - 1))
                      .decode(Pictures.file(name)))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining(name)
          .hasMessageContaining("17 x 13 pixels; at most 220 pixels are allowed");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImageDecoder(ImageLimits.DEFAULT.withPixels(0)));
  }

  @Test
  void anEndlessStreamIsRefused() {
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 'B';
          }

          @Override
          public int read(byte[] bytes, int offset, int length) {
            Arrays.fill(bytes, offset, offset + length, (byte) 'B');
            return length;
          }
        };
    assertThatThrownBy(
            () -> new ImageDecoder(ImageLimits.DEFAULT.withPixels(1)).decode(endless, "endless"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("larger than any picture of 1 pixels");
  }

  @Test
  void whatIsNoPictureIsNamed(@TempDir Path folder) throws IOException {
    Path missing = folder.resolve("missing.png");
    assertThatThrownBy(() -> decoder.decode(missing))
        .isInstanceOf(PanambaException.class)
        .hasMessage(missing + ": there is no such file");
    assertThatThrownBy(() -> decoder.decode(folder))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("folder");
    Path text = Files.writeString(folder.resolve("text.jpg"), "not a picture");
    assertThatThrownBy(() -> decoder.decode(text))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("text.jpg: this is no picture");
    Path empty = Files.createFile(folder.resolve("empty.jpg"));
    assertThatThrownBy(() -> decoder.decode(empty)).isInstanceOf(ImageException.class);
  }

  @Test
  void aStreamThatFailsIsNamed() {
    InputStream failing =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("the disk is gone");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return read();
          }
        };
    assertThatThrownBy(() -> decoder.decode(failing, "broken.png"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("broken.png")
        .hasMessageContaining("the disk is gone");
    assertThatThrownBy(() -> decoder.decode(new ByteArrayInputStream(new byte[0]), "nothing"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("nothing: this is no picture");
  }

  @Test
  void picturesHaveAsManySamplesAsPixels() {
    assertThatThrownBy(() -> RgbImage.of(2, 2, new byte[11])).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> RgbImage.of(0, 2, new byte[0])).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> RgbImage.of(1 << 16, 1 << 16, new byte[0]))
        .isInstanceOf(ImageException.class);
  }
}
