package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebpTest {
  private static final Map<String, RgbImage> EXPECTED = Pictures.read("webp/expected.safetensors");

  /** Where the content of a file's only chunk begins. */
  private static final int CONTENT = 20;

  private final ImageDecoder decoder = new ImageDecoder();

  @TestFactory
  Stream<DynamicTest> pixelsAreLibwebps() {
    assertThat(EXPECTED).hasSizeGreaterThan(30);
    return EXPECTED.entrySet().stream()
        .map(
            entry ->
                DynamicTest.dynamicTest(
                    entry.getKey(),
                    () -> {
                      RgbImage image = decoder.decode(Pictures.file("webp/" + entry.getKey()));
                      assertThat(image).hasToString(entry.getValue().toString());
                      assertThat(image.pixels()).isEqualTo(entry.getValue().pixels());
                    }));
  }

  /** An error of prediction would grow down the 1600 rows. */
  @Test
  void aLargePictureIsLibwebpsToTheLastRow() throws Exception {
    RgbImage image = decoder.decode(Pictures.file("large-lossy.webp"));
    assertThat(image).hasToString(RgbImage.of(1600, 1600, new byte[3 * 1600 * 1600]).toString());
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(image.pixels());
    assertThat(HexFormat.of().formatHex(digest))
        .isEqualTo("1d9731a61145ec4319f8a9a5fd71e9bf0d22975becc153fd07b428ae4a1992be");
  }

  /** A picture of 31 x 15384 pixels in 2.4 KB, whose codes are not complete and whose bits end. */
  @Test
  void losslessDataThatEndsEarlyIsRefused() {
    assertThatThrownBy(() -> decoder.decode(Pictures.file("cut-lossless.webp")))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("damaged");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lossy-18x35.webp",
        "lossy-segments.webp",
        "lossy-alpha.webp",
        "partitions-8.webp",
        "lossless-photo.webp",
        "lossless-17-colours.webp",
        "lossless-2-colours.webp"
      })
  void aFileCutAnywhereIsRefused(String name) throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file("webp/" + name));
    // The last byte may fill up an odd chunk.
    for (int length = 0; length < file.length - 1; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> decoder.decode(cut, "cut")).isInstanceOf(ImageException.class);
    }
  }

  /** The container is whole here, and says so: the bitstream itself ends early. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "lossy-18x35.webp",
        "lossy-segments.webp",
        "lossy-no-filter.webp",
        "partitions-2.webp",
        "partitions-8.webp",
        "lossless-photo.webp",
        "lossless-groups.webp",
        "lossless-17-colours.webp",
        "lossless-2-colours.webp"
      })
  void dataThatEndsEarlyGivesTheSamePixelsOrNone(String name) throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file("webp/" + name));
    int length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(CONTENT - 4);
    int accepted = 0;
    for (int cut = 0; cut < length; cut++) {
      byte[] part = Arrays.copyOf(file, CONTENT + cut + (cut & 1));
      Arrays.fill(part, CONTENT + cut, part.length, (byte) 0);
      ByteBuffer header = ByteBuffer.wrap(part).order(ByteOrder.LITTLE_ENDIAN);
      header.putInt(4, part.length - 8).putInt(CONTENT - 4, cut);
      try {
        assertThat(decoder.decode(part, name).pixels()).isEqualTo(EXPECTED.get(name).pixels());
        accepted++;
      } catch (ImageException e) {
        assertThat(e).hasMessageStartingWith(name + ": ");
      }
    }
    // The encoder's flush is a few bytes that no pixel needs.
    assertThat(accepted).isLessThan(5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lossy-segments.webp",
        "lossy-simple-filter.webp",
        "partitions-8.webp",
        "lossless-groups.webp",
        "lossless-17-colours.webp",
        "lossless-4-colours.webp",
        "lossless-alpha.webp"
      })
  void damagedDataGivesAPictureOrAnImageException(String name) throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file("webp/" + name));
    // The sizes stay: what is damaged is the bitstream after its header.
    int from = CONTENT + 10;
    Random random = new Random(name.hashCode());
    int pictures = 0;
    for (int i = 0; i < 500; i++) {
      byte[] damaged = file.clone();
      int range = random.nextBoolean() ? 24 : damaged.length - from;
      for (int j = random.nextInt(4); j >= 0; j--) {
        damaged[from + random.nextInt(range)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        RgbImage image = decoder.decode(damaged, name);
        assertThat(image).hasToString(EXPECTED.get(name).toString());
        pictures++;
      } catch (ImageException e) {
        // Nothing but the data is at fault: neither the heap nor an index.
        assertThat(e.getCause()).isInstanceOf(IOException.class);
      }
    }
    assertThat(pictures).isBetween(1, 499);
  }

  /** Arithmetic code is below its range, which begins at 255. */
  @Test
  void dataThatBeginsAsNoEncoderWritesIsRefused() throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file("webp/lossy-18x35.webp"));
    file[CONTENT + 10] = (byte) 255;
    assertThatThrownBy(() -> decoder.decode(file, "frame"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("first partition is damaged");
  }

  @Test
  void theFramesPixelsAreCheckedToo() throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file("webp/lossy-alpha.webp"));
    // A small canvas around a frame that says 16383 x 16383.
    int frame = new String(file, StandardCharsets.ISO_8859_1).indexOf("VP8 ") + 8;
    ByteBuffer.wrap(file).putInt(frame + 6, 0xFF3FFF3F);
    assertThatThrownBy(() -> decoder.decode(file, "frame"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("16383 x 16383 pixels; at most");
  }
}
