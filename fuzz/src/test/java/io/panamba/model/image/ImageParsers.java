package io.panamba.model.image;

import io.panamba.fuzz.Parser;
import io.panamba.model.image.zstd.Zstandard;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/** Pictures and their parts, for fuzzing. */
public final class ImageParsers {
  private static final long MAX_PIXELS = 1 << 16;

  /** More than a block, so that one can refer to another. */
  private static final int MAX_DECOMPRESSED = 200_000;

  private static final ImageDecoder DECODER =
      new ImageDecoder(ImageLimits.DEFAULT.withPixels(MAX_PIXELS)).upright();

  private ImageParsers() {}

  /**
   * Decodes pictures of a format.
   *
   * @param format its name; what is of another one is refused, so that each has its own time
   * @return a parser that gives a picture's size and the sum of its pixels
   */
  public static Parser decoder(String format) {
    ImageFormat only = ImageFormat.valueOf(format);
    return file -> {
      if (ImageFormat.of(file) != only) {
        throw new ImageException("input: this is no " + only);
      }
      return decode(only == ImageFormat.PNG ? PngChecksums.repair(file) : file);
    };
  }

  private static Object decode(byte[] file) {
    RgbImage image = DECODER.decode(file, "input");
    CRC32 sum = new CRC32();
    sum.update(image.pixels());
    return List.of(image.width(), image.height(), sum.getValue());
  }

  /**
   * Reads the segments of a JPEG file.
   *
   * @param file its bytes
   * @return what they say
   * @throws IOException if they are refused
   */
  public static Object jpegHeader(byte[] file) throws IOException {
    JpegHeader header = JpegHeader.read(file);
    return List.of(
        header.colours(),
        header.width(),
        header.height(),
        header.verticalChroma(),
        Arrays.hashCode(header.codestream()));
  }

  /**
   * Decompresses Zstandard frames.
   *
   * @param frames one after another
   * @return how many bytes are in them, and their sum
   * @throws IOException if they are refused
   */
  public static Object zstandard(byte[] frames) throws IOException {
    byte[] bytes = Zstandard.decompress(frames, MAX_DECOMPRESSED, () -> {});
    CRC32 sum = new CRC32();
    sum.update(bytes);
    return List.of(bytes.length, sum.getValue());
  }

  /**
   * Reads the rows of a picture that may be larger than memory.
   *
   * @param file the input
   * @return its size, and the sum of its samples where it is small
   */
  public static Object rows(Path file) {
    try (LargeImage image = LargeImage.open(file);
        Arena arena = Arena.ofConfined()) {
      if ((long) image.height() * image.width() > MAX_PIXELS) {
        return List.of(image.width(), image.height());
      }
      Tensor rows = Tensor.allocate(arena, DType.F32, Shape.of(3, image.height(), image.width()));
      image.read(0, rows);
      CRC32 sum = new CRC32();
      sum.update(rows.segment().asByteBuffer());
      return List.of(image.width(), image.height(), sum.getValue());
    }
  }
}
