package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The orientation that a camera wrote. */
class UprightTest {
  private static final ImageDecoder DECODER = new ImageDecoder();

  private static byte[] bytes(String name) throws IOException {
    return Files.readAllBytes(Pictures.file(name));
  }

  /** A TIFF directory with the one field. */
  private static byte[] exif(int orientation, ByteOrder order) {
    ByteBuffer block = ByteBuffer.allocate(26).order(order);
    block.put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 'I' : 'M')).put(block.get(0));
    block.putShort((short) 42).putInt(8).putShort((short) 1);
    block.putShort((short) 274).putShort((short) 3).putInt(1).putShort((short) orientation);
    return block.array();
  }

  private static byte[] insert(byte[] file, int at, byte[]... parts) {
    int length = file.length;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteBuffer out = ByteBuffer.allocate(length).put(file, 0, at);
    for (byte[] part : parts) {
      out.put(part);
    }
    return out.put(file, at, file.length - at).array();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] jpeg(byte[] exif) throws IOException {
    return insert(bytes("rgb-420.jpg"), 2, segment(exif));
  }

  /** A segment APP1, which follows a JPEG's first marker. */
  private static byte[] segment(byte[] exif) {
    byte[] length = {0, (byte) (exif.length + 8)};
    return insert(ascii("\u00FF\u00E1"), 2, length, ascii("Exif\0\0"), exif);
  }

  private static byte[] png(byte[] exif) throws IOException {
    byte[] length = {0, 0, 0, (byte) exif.length};
    // Behind the signature and the header.
    byte[] file = insert(bytes("rgb.png"), 33, length, ascii("eXIf"), exif, new byte[4]);
    return Pictures.withChecksums(file);
  }

  private static byte[] webp(byte[] exif, String prefix) throws IOException {
    byte[] file = bytes("lossless.webp");
    byte[] length = {(byte) (exif.length + prefix.length()), 0, 0, 0};
    return insert(file, file.length, ascii("EXIF"), length, ascii(prefix), exif);
  }

  private static void check(byte[] file, int orientation) {
    RgbImage stored = DECODER.decode(file, "file");
    RgbImage expected = Canvas.orient(stored, Canvas.Orientation.of(orientation));
    RgbImage upright = DECODER.upright().decode(file, "file");
    assertThat(upright).hasToString(expected.toString());
    assertThat(upright.pixels()).isEqualTo(expected.pixels());
    if (orientation > 1) {
      assertThat(upright.pixels()).isNotEqualTo(stored.pixels());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void isAppliedOnRequest(int orientation) throws IOException {
    for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
      check(jpeg(exif(orientation, order)), orientation);
      check(png(exif(orientation, order)), orientation);
      check(webp(exif(orientation, order), ""), orientation);
      check(webp(exif(orientation, order), "Exif\0\0"), orientation);
    }
  }

  @Test
  void sixTurnsClockwise() throws IOException {
    byte[] file = png(exif(6, ByteOrder.BIG_ENDIAN));
    RgbImage stored = DECODER.decode(file, "file");
    RgbImage upright = DECODER.upright().decode(file, "file");
    assertThat(upright.width()).isEqualTo(stored.height());
    // The lower left pixel comes to the upper left.
    int from = (stored.height() - 1) * stored.width() * 3;
    for (int c = 0; c < 3; c++) {
      assertThat(upright.pixels()[c]).isEqualTo(stored.pixels()[from + c]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rgb-420.jpg", "rgb.png", "lossless.webp", "rgb.bmp", "palette.gif"})
  void picturesWithoutOneStayAsTheyAre(String name) throws IOException {
    check(bytes(name), 1);
  }

  @Test
  void tiffIsTurnedOnce() throws IOException {
    byte[] file = bytes("orientation-6.tif");
    assertThat(DECODER.upright().decode(file, "file").pixels())
        .isEqualTo(DECODER.decode(file, "file").pixels());
  }

  @ParameterizedTest
  @CsvSource({"0", "9", "65535"})
  void valuesBeyondEightMeanNothing(int orientation) throws IOException {
    check(jpeg(exif(orientation, ByteOrder.LITTLE_ENDIAN)), 1);
  }

  @Test
  void damagedExifMeansNothing() throws IOException {
    byte[] whole = exif(6, ByteOrder.LITTLE_ENDIAN);
    for (int length = 0; length < whole.length - 4; length++) {
      byte[] cut = new byte[length];
      System.arraycopy(whole, 0, cut, 0, length);
      DECODER.upright().decode(jpeg(cut), "file");
      DECODER.upright().decode(png(cut), "file");
      DECODER.upright().decode(webp(cut, ""), "file");
    }
    whole[4] = (byte) 0xFF;
    whole[7] = (byte) 0xFF;
    check(jpeg(whole), 1);
  }

  @Test
  void turningIsWithinTheLimits() throws IOException {
    byte[] grey = bytes("grey.jpg");
    byte[] file = insert(grey, 2, segment(exif(6, ByteOrder.LITTLE_ENDIAN)));
    RgbImage stored = DECODER.decode(file, "file");
    // Decoding grey takes four bytes a pixel, turning six.
    long bytes = 5L * stored.width() * stored.height();
    ImageDecoder limited =
        new ImageDecoder(
            new ImageLimits(ImageLimits.DEFAULT.pixels(), bytes, ImageLimits.DEFAULT.time()));
    assertThat(limited.decode(file, "file").pixels()).isEqualTo(stored.pixels());
    assertThat(limited.upright().decode(grey, "grey").pixels()).isEqualTo(stored.pixels());
    assertThatThrownBy(() -> limited.upright().decode(file, "file"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("bytes are allowed");
  }
}
