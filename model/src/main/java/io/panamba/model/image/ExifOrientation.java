package io.panamba.model.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The orientation that a camera wrote into a JPEG, PNG or WebP file (EXIF): a field of a TIFF
 * directory in a segment or chunk of its own.
 */
final class ExifOrientation {
  private static final String JPEG_PREFIX = "Exif\0\0";
  private static final int APP1 = 0xE1;
  private static final int SOS = 0xDA;
  private static final int EOI = 0xD9;
  private static final int PNG_SIGNATURE = 8;
  private static final int PNG_CHECKSUM = 4;
  private static final int RIFF_HEADER = 12;

  private ExifOrientation() {}

  /** Reads the orientation of a file that has been decoded; there is none in other formats. */
  static Canvas.Orientation of(ImageFormat format, byte[] file) {
    byte[] exif =
        switch (format) {
          case JPEG -> ofJpeg(file);
          case PNG -> ofChunks(file, PNG_SIGNATURE, ByteOrder.BIG_ENDIAN);
          case WEBP -> ofChunks(file, RIFF_HEADER, ByteOrder.LITTLE_ENDIAN);
          case GIF, BMP, TIFF -> new byte[0];
        };
    if (!ImageFormat.starts(exif, 0, "II*\0") && !ImageFormat.starts(exif, 0, "MM\0*")) {
      return Canvas.Orientation.NORMAL;
    }
    try {
      TiffDirectory directory = TiffDirectory.read(new ByteSource.Memory(exif));
      return Canvas.Orientation.of(directory.value(TiffHeader.ORIENTATION, 1));
    } catch (IOException | RuntimeException _) {
      // Viewers show a picture whose EXIF is damaged as it is stored.
      return Canvas.Orientation.NORMAL;
    }
  }

  /** Returns the first APP1 segment of EXIF before the first scan, without its name. */
  private static byte[] ofJpeg(byte[] file) {
    int at = 2;
    while (at + 4 <= file.length) {
      if (file[at] != (byte) 0xFF) {
        at++;
        continue;
      }
      int marker = file[at + 1] & 255;
      if (marker == SOS || marker == EOI) {
        break;
      }
      if (marker == 0xFF) {
        at++;
        continue;
      }
      int length = (file[at + 2] & 255) << 8 | (file[at + 3] & 255);
      if (length < 2 || length > file.length - at - 2) {
        break;
      }
      if (marker == APP1 && ImageFormat.starts(file, at + 4, JPEG_PREFIX)) {
        return Arrays.copyOfRange(file, at + 4 + JPEG_PREFIX.length(), at + 2 + length);
      }
      at += 2 + length;
    }
    return new byte[0];
  }

  /** Returns the chunk {@code eXIf} of PNG, whose length comes first, or {@code EXIF} of RIFF. */
  private static byte[] ofChunks(byte[] file, int start, ByteOrder order) {
    boolean png = order == ByteOrder.BIG_ENDIAN;
    ByteBuffer bytes = ByteBuffer.wrap(file).order(order);
    int at = start;
    while (at <= file.length - 8) {
      int length = bytes.getInt(png ? at : at + 4);
      if (length < 0 || length > file.length - at - 8) {
        break;
      }
      if (ImageFormat.starts(file, png ? at + 4 : at, png ? "eXIf" : "EXIF")) {
        byte[] exif = Arrays.copyOfRange(file, at + 8, at + 8 + length);
        // Some writers of WebP keep the name that the segment of a JPEG has.
        return ImageFormat.starts(exif, 0, JPEG_PREFIX)
            ? Arrays.copyOfRange(exif, JPEG_PREFIX.length(), exif.length)
            : exif;
      }
      int around = png ? PNG_CHECKSUM : length & 1;
      if (around > file.length - at - 8 - length) {
        break;
      }
      at += 8 + length + around;
    }
    return new byte[0];
  }
}
