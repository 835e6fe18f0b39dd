package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.panamba.model.image.webp.BlankWebp;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A size that only a header states takes no memory, and what data can state at most is read. */
class StatedSizeTest {
  private static final int LZW = 5;
  private static final int FAX = 4;
  private static final int PACK_BITS = 32_773;
  private static final int LARGE = 9000;
  private static final long LITTLE = 8 << 20;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final ImageDecoder decoder = new ImageDecoder();

  @TempDir Path folder;

  /** Fails unless an action fails with a message, and takes little memory before. */
  private static void assertRefusedAtOnce(ThrowingCallable action, String message) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    assertThatThrownBy(action).isInstanceOf(ImageException.class).hasMessageContaining(message);
    assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(LITTLE);
  }

  private void assertBlank(byte[] file, int width, int height, int sample) {
    RgbImage image = decoder.decode(file, "blank");
    assertThat(image.width()).isEqualTo(width);
    assertThat(image.height()).isEqualTo(height);
    byte[] expected = new byte[3 * width * height];
    Arrays.fill(expected, (byte) sample);
    assertThat(Arrays.equals(image.pixels(), expected)).isTrue();
  }

  private static byte[] deflated(int length) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflated =
        new DeflaterOutputStream(out, new Deflater(Deflater.BEST_COMPRESSION))) {
      deflated.write(new byte[length]);
    }
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {LZW, TiffHeader.JPEG, TiffHeader.DEFLATE, 32_946, PACK_BITS, 50_000})
  void aTiffOfFewBytesIsNoLargePicture(int compression) throws IOException {
    byte[] file = new TiffFile(LARGE, LARGE, LARGE, compression, new byte[20]).rgb().bytes();
    assertRefusedAtOnce(() -> decoder.decode(file, "t"), "can't hold the 9000 x 9000 pixels");
    Path path = Files.write(folder.resolve("large.tif"), file);
    assertRefusedAtOnce(() -> LargeImage.open(path), "can't hold the 9000 x 9000 pixels");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, FAX})
  void aFaxHasABitForEachRow(int compression) {
    byte[] file = new TiffFile(LARGE, LARGE, LARGE, compression, new byte[20]).bilevel().bytes();
    assertRefusedAtOnce(() -> decoder.decode(file, "fax"), "can't hold");
  }

  /** The strips' bytes together would be enough, but they are the same few. */
  @Test
  void bytesThatStripsShareCountOnce() {
    byte[] shared = new byte[20_000];
    byte[][] strips = new byte[LARGE][];
    Arrays.fill(strips, new byte[0]);
    strips[LARGE - 1] = shared;
    TiffFile tiff = new TiffFile(LARGE, LARGE, 1, TiffHeader.DEFLATE, strips).rgb();
    assertRefusedAtOnce(() -> decoder.decode(tiff.sharing(), "t"), "can't hold");
  }

  @Test
  void aJpegInATiffIsNoLargePicture() throws IOException {
    byte[] jpeg = Files.readAllBytes(Pictures.file("rgb-444.jpg"));
    int frame = 0;
    while ((jpeg[frame] & 255) != 0xFF || (jpeg[frame + 1] & 255) != 0xC0) {
      frame++;
    }
    for (int i : new int[] {5, 7}) {
      jpeg[frame + i] = (byte) (LARGE >> 8);
      jpeg[frame + i + 1] = (byte) LARGE;
    }
    byte[] file = new TiffFile(LARGE, LARGE, LARGE, 6, jpeg).rgb().oldJpeg().bytes();
    assertRefusedAtOnce(() -> decoder.decode(file, "t"), "can't hold");
  }

  @Test
  void theDensestDeflateIsRead() throws IOException {
    byte[] strip = deflated(2000 * 2000);
    assertThat(2000 * 2000 / strip.length).isGreaterThan(1025);
    assertBlank(new TiffFile(2000, 2000, 2000, TiffHeader.DEFLATE, strip).bytes(), 2000, 2000, 0);
  }

  @Test
  void theDensestPackBitsIsRead() {
    byte[] strip = new byte[2 * 1280];
    for (int i = 0; i < strip.length; i += 2) {
      strip[i] = -127;
    }
    assertBlank(new TiffFile(128, 1280, 1280, PACK_BITS, strip).bytes(), 128, 1280, 0);
  }

  /** A table that is filled to its end by one string, each a byte longer than the one before. */
  @Test
  void theDensestLzwIsRead() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long bits = 0;
    int count = 0;
    int length = 0;
    // A clear code, the first byte, and the codes of the strings that are just being added.
    for (int code = 256; code < 4094; code++) {
      int symbol = code == 257 ? 0 : code;
      int next = code == 256 ? 258 : code + 1;
      int width = next > 2047 ? 12 : next > 1023 ? 11 : next > 511 ? 10 : 9;
      bits = bits << width | symbol;
      for (count += width; count >= 8; count -= 8) {
        out.write((int) (bits >> (count - 8)));
      }
      length += code == 256 ? 0 : code - 256;
    }
    out.write((int) (bits << (8 - count)));
    int width = length / 100;
    assertThat(length / out.size()).isGreaterThan(1300);
    assertBlank(new TiffFile(width, 100, 100, LZW, out.toByteArray()).bytes(), width, 100, 0);
  }

  @Test
  void theDensestFaxIsRead() {
    byte[] strip = new byte[125];
    Arrays.fill(strip, (byte) 255);
    assertBlank(new TiffFile(5000, 1000, 1000, FAX, strip).bilevel().bytes(), 5000, 1000, 255);
  }

  @Test
  void theDensestZstandardIsRead() {
    byte[] strip = ZstandardFrames.run(4096 * 1024, (byte) 7);
    assertThat(strip).hasSize(134);
    byte[] file = new TiffFile(4096, 1024, 1024, TiffHeader.ZSTANDARD, strip).bytes();
    assertBlank(file, 4096, 1024, 7);
  }

  @Test
  void theLimitsAreAskedBeforeZstandardIsDecompressed() throws IOException {
    byte[] strip = ZstandardFrames.run(12_000 * 12_000, (byte) 0);
    byte[] file = new TiffFile(12_000, 12_000, 12_000, TiffHeader.ZSTANDARD, strip).bytes();
    assertRefusedAtOnce(
        () -> new ImageDecoder(ImageLimits.DEFAULT.withPixels(1000)).decode(file, "t"),
        "at most 1000 pixels are allowed");
    Path path = Files.write(folder.resolve("large.tif"), file);
    assertRefusedAtOnce(
        () -> LargeImage.open(path, ImageLimits.DEFAULT.withBytes(143_000_000)),
        "at most 143000000");
  }

  /** The tiles stay while the rows are made of them. */
  @Test
  void decompressedTilesAreCountedBesideThePixels() throws IOException {
    int pixels = 1000 * 1000;
    byte[] strip = ZstandardFrames.run(pixels, (byte) 0);
    byte[] file = new TiffFile(1000, 1000, 1000, TiffHeader.ZSTANDARD, strip).bytes();
    byte[] same = new TiffFile(1000, 1000, 1000, TiffHeader.DEFLATE, deflated(pixels)).bytes();
    ImageDecoder few = new ImageDecoder(ImageLimits.DEFAULT.withBytes(4L * pixels));
    assertThat(few.decode(same, "deflate").width()).isEqualTo(1000);
    assertThatThrownBy(() -> few.decode(file, "zstandard"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("4 bytes each and")
        .hasMessageContaining("beside");
    assertThat(
            new ImageDecoder(ImageLimits.DEFAULT.withBytes(6L * pixels))
                .decode(file, "zstandard")
                .width())
        .isEqualTo(1000);
  }

  /** What a frame's blocks don't deliver is not allocated. */
  @Test
  void zstandardTakesMemoryAsItIsDelivered() {
    byte[] strip = ZstandardFrames.run(9000 * 9000, (byte) 0);
    // The second block is a raw one, of bytes that are not there.
    strip[10] &= ~6;
    byte[] file = new TiffFile(LARGE, LARGE, LARGE, TiffHeader.ZSTANDARD, strip).bytes();
    assertRefusedAtOnce(() -> decoder.decode(file, "t"), "block is cut short");
  }

  @Test
  void emptyZstandardFramesLeaveNoGarbage() {
    byte[] strip = ZstandardFrames.empty(100_000);
    byte[] file = new TiffFile(10, 10, 10, TiffHeader.ZSTANDARD, strip).bytes();
    assertRefusedAtOnce(() -> decoder.decode(file, "t"), "0 bytes of 100");
  }

  @Test
  void zstandardHeedsTheTime() {
    byte[] strip = ZstandardFrames.empty(1_000_000);
    byte[] file = new TiffFile(10, 10, 10, TiffHeader.ZSTANDARD, strip).bytes();
    assertThatThrownBy(
            () ->
                new ImageDecoder(ImageLimits.DEFAULT.withTime(Duration.ofMillis(1)))
                    .decode(file, "t"))
        .hasMessageContaining("takes longer than");
  }

  @Test
  void theDensestLossyWebpIsReadAndADenserOneRefused() {
    byte[] file = BlankWebp.lossy(4000, 4000);
    assertThat(decoder.decode(file, "webp").width()).isEqualTo(4000);
    byte[] partition = BlankWebp.partition(file);
    int least = 250 * 250 * 27 / 64;
    // The header and the encoder's last bytes are the rest: the bound is near.
    assertThat(partition.length).isBetween(least, least + least / 50);
    byte[] less = BlankWebp.lossy(4000, 4000, Arrays.copyOf(partition, least - 1));
    assertRefusedAtOnce(() -> decoder.decode(less, "webp"), "can't hold the modes");
  }

  @Test
  void losslessPixelsThatTakeBitsAreNotMoreThanThese() {
    byte[] file = BlankWebp.losslessWithoutPixels(13_000, 13_000);
    assertRefusedAtOnce(() -> decoder.decode(file, "webp"), "cut short");
  }

  @Test
  void webpHeedsTheTime() {
    ImageDecoder hasty = new ImageDecoder(ImageLimits.DEFAULT.withTime(Duration.ofMillis(1)));
    for (byte[] file : new byte[][] {BlankWebp.lossy(2000, 2000), BlankWebp.lossless(2000, 2000)}) {
      assertThat(decoder.decode(file, "webp").width()).isEqualTo(2000);
      assertThatThrownBy(() -> hasty.decode(file, "webp"))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("takes longer than");
    }
  }

  @Test
  void aWebpThatIsNoAnimationFillsItsCanvas() throws IOException {
    byte[] file = Files.readAllBytes(Pictures.file("webp/lossy-alpha.webp"));
    int width = decoder.decode(file, "webp").width();
    // The canvas of the extended header, 24 bits of the width less 1.
    file[24] = (byte) width;
    assertThatThrownBy(() -> decoder.decode(file, "webp"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("the header says");
  }
}
