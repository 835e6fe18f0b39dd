package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ImageDecoderTest {
  private static final Map<String, RgbImage> EXPECTED = Pictures.read("expected.safetensors");

  private final ImageDecoder decoder = new ImageDecoder();

  @TestFactory
  Stream<DynamicTest> pixelsArePillows() {
    assertThat(EXPECTED).hasSizeGreaterThan(100);
    return EXPECTED.entrySet().stream()
        .map(
            entry ->
                DynamicTest.dynamicTest(
                    entry.getKey(), () -> compare(entry.getKey(), entry.getValue())));
  }

  private void compare(String name, RgbImage expected) {
    RgbImage image = decoder.decode(Pictures.file(name));
    assertThat(image).hasToString(expected.toString());
    assertThat(image.pixels()).isEqualTo(expected.pixels());
  }

  @Test
  void streamsAndBytesGiveTheSamePixels() throws IOException {
    byte[] data = Files.readAllBytes(Pictures.file("rgb-420.jpg"));
    byte[] expected = decoder.decode(Pictures.file("rgb-420.jpg")).pixels();
    assertThat(decoder.decode(data, "bytes").pixels()).isEqualTo(expected);
    assertThat(decoder.decode(new ByteArrayInputStream(data), "stream").pixels())
        .isEqualTo(expected);
  }

  @Test
  void theProfileOfTheTestFilesWouldShow() throws IOException {
    BufferedImage image = ImageIO.read(Pictures.file("rgb-icc.jpg").toFile());
    RgbImage managed = RgbImage.of(image);
    assertThat(Pictures.difference(managed, EXPECTED.get("rgb-icc.jpg"))).isGreaterThan(8);
  }

  @Test
  void writesNoTemporaryFilesAndLeavesImageIoAlone() {
    boolean cache = ImageIO.getUseCache();
    decoder.decode(Pictures.file("rgb.png"));
    assertThat(ImageIO.getUseCache()).isEqualTo(cache);
  }

  @Test
  void manyThreadsGetTheSamePixels() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (Future<?> done :
          IntStream.range(0, 8)
              .mapToObj(
                  i ->
                      threads.submit(
                          () -> {
                            for (Map.Entry<String, RgbImage> entry : EXPECTED.entrySet()) {
                              compare(entry.getKey(), entry.getValue());
                            }
                          }))
              .toList()) {
        done.get();
      }
    }
  }

  @Test
  void takesPicturesOfTheJavaApiWithoutColourManagement() {
    BufferedImage grey = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
    grey.getRaster().setSample(0, 0, 0, 100);
    grey.getRaster().setSample(1, 0, 0, 200);
    assertThat(RgbImage.of(grey).pixels())
        .containsExactly(100, 100, 100, (byte) 200, (byte) 200, (byte) 200);

    BufferedImage grey16 = new BufferedImage(1, 1, BufferedImage.TYPE_USHORT_GRAY);
    grey16.getRaster().setSample(0, 0, 0, 0x1234);
    assertThat(RgbImage.of(grey16).pixels()).containsExactly(0x12, 0x12, 0x12);

    for (int type :
        new int[] {
          BufferedImage.TYPE_INT_RGB,
          BufferedImage.TYPE_INT_ARGB,
          BufferedImage.TYPE_INT_BGR,
          BufferedImage.TYPE_3BYTE_BGR,
          BufferedImage.TYPE_4BYTE_ABGR
        }) {
      BufferedImage rgb = new BufferedImage(3, 2, type);
      rgb.setRGB(1, 1, 0x80_0A141E);
      byte[] pixels = RgbImage.of(rgb).pixels();
      assertThat(pixels[12]).isEqualTo((byte) 10);
      assertThat(pixels[13]).isEqualTo((byte) 20);
      assertThat(pixels[14]).isEqualTo((byte) 30);
      byte[] part = RgbImage.of(rgb.getSubimage(1, 1, 1, 1)).pixels();
      assertThat(part).containsExactly(10, 20, 30);
    }
  }

  @Test
  void refusesJavaImagesWhoseSamplesAreNoColours() {
    ColorModel floating =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_GRAY),
            false,
            false,
            Transparency.OPAQUE,
            DataBuffer.TYPE_FLOAT);
    assertRefused(floating, "32-bit");
    ColorModel xyz =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_CIEXYZ),
            false,
            false,
            Transparency.OPAQUE,
            DataBuffer.TYPE_BYTE);
    assertRefused(xyz, "colour space");
  }

  private static void assertRefused(ColorModel model, String reason) {
    BufferedImage image =
        new BufferedImage(model, model.createCompatibleWritableRaster(2, 2), false, null);
    assertThatThrownBy(() -> RgbImage.of(image))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void anIndexBeyondThePaletteIsBlack() throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file("palette.png"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int at = new String(file, StandardCharsets.ISO_8859_1).indexOf("PLTE") - 4;
    int length = (file[at + 2] & 255) << 8 | (file[at + 3] & 255);
    out.write(file, 0, at);
    // One colour is left of the palette.
    out.write(new byte[] {0, 0, 0, 3, 'P', 'L', 'T', 'E', 9, 9, 9, 0, 0, 0, 0});
    out.write(file, at + 12 + length, file.length - at - 12 - length);
    byte[] shorter = Pictures.withChecksums(out.toByteArray());
    byte[] pixels = decoder.decode(shorter, "short palette").pixels();
    assertThat(pixels).containsOnly(0, 9);
  }
}
