package io.panamba.model.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The formats that are read, told by the first bytes of a file. */
enum ImageFormat {
  JPEG("com.sun.imageio.plugins.jpeg.JPEGImageReaderSpi"),
  PNG("com.sun.imageio.plugins.png.PNGImageReaderSpi"),
  GIF(""),
  BMP("com.sun.imageio.plugins.bmp.BMPImageReaderSpi"),
  TIFF("com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi"),
  WEBP("");

  private final String provider;

  ImageFormat(String provider) {
    this.provider = provider;
  }

  /** Returns the class name of the ImageIO provider that reads the format, empty if none does. */
  String provider() {
    return provider;
  }

  /**
   * Tells whether so many bytes can be a picture of so many pixels. Deflate reaches 1032 bytes of
   * eight pixels each for one, the densest that these formats know (JPEG's largest unit is 1024
   * pixels and takes a bit at least); a header that claims more lies. TIFF and WebP, which are
   * denser by some of their methods, are not asked here: {@link TiffHeader} and the decoders of
   * WebP know what their data can hold.
   */
  boolean mayHold(long pixels, long bytes) {
    return pixels / (8 * 1040) <= bytes;
  }

  /** Returns the refusal of a file that {@linkplain #mayHold can't hold} its picture. */
  ImageException lies(long width, long height, long bytes) {
    return new ImageException(
        "%d bytes can't hold the %d x %d pixels that the %s header promises: the file is damaged"
            .formatted(bytes, width, height, this));
  }

  /** Returns the format of a file, or null if it is none of them. */
  static ImageFormat of(byte[] file) {
    if (starts(file, 0, "\u00FF\u00D8\u00FF")) {
      return JPEG;
    }
    if (starts(file, 0, "\u0089PNG\r\n\u001A\n")) {
      return PNG;
    }
    if (starts(file, 0, "GIF87a") || starts(file, 0, "GIF89a")) {
      return GIF;
    }
    if (starts(file, 0, "RIFF") && starts(file, 8, "WEBP")) {
      return WEBP;
    }
    for (String magic : new String[] {"II*\0", "MM\0*", "II+\0", "MM\0+"}) {
      if (starts(file, 0, magic)) {
        return TIFF;
      }
    }
    return starts(file, 0, "BM") ? BMP : null;
  }

  static boolean starts(byte[] file, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return file.length - at >= bytes.length
        && Arrays.equals(file, at, at + bytes.length, bytes, 0, bytes.length);
  }
}
