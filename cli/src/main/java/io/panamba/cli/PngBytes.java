package io.panamba.cli;

import io.panamba.model.image.RgbImage;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.segmentation.Palette;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes PNG files (ISO/IEC 15948) without interlacing. */
final class PngBytes {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  private static final int GREY = 0;
  private static final int RGB = 2;
  private static final int INDEXED = 3;

  /** The most classes that a byte can tell apart. */
  private static final int BYTE_CLASSES = 256;

  private static final byte FILTER_NONE = 0;
  private static final byte FILTER_PAETH = 4;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private PngBytes() {
    out.writeBytes(SIGNATURE);
  }

  /** Gives the samples of a row. */
  private interface Rows {
    void read(int y, byte[] row);
  }

  /** Makes a file of a picture. */
  static byte[] of(RgbImage image) {
    PngBytes png = new PngBytes();
    png.header(image.width(), image.height(), 8, RGB);
    int line = image.width() * RgbImage.CHANNELS;
    png.data(
        image.height(),
        line,
        RgbImage.CHANNELS,
        FILTER_PAETH,
        (y, row) -> System.arraycopy(image.pixels(), y * line, row, 0, line));
    return png.finish();
  }

  /** Makes a file of grey samples that are the classes: of 8 bits, above 256 classes of 16. */
  static byte[] grey(LabelMap map) {
    PngBytes png = new PngBytes();
    boolean wide = map.classes() > BYTE_CLASSES;
    png.header(map.width(), map.height(), wide ? 16 : 8, GREY);
    if (wide) {
      png.data(map.height(), 2 * map.width(), 2, FILTER_NONE, (y, row) -> readWide(map, y, row));
    } else {
      png.data(map.height(), map.width(), 1, FILTER_NONE, (y, row) -> read(map, y, row));
    }
    return png.finish();
  }

  /**
   * Makes a file whose samples are the classes, shown in their colours; above 256 classes, which no
   * palette has, {@linkplain #grey grey}.
   */
  static byte[] indexed(LabelMap map, Palette palette) {
    if (map.classes() > BYTE_CLASSES) {
      return grey(map);
    }
    PngBytes png = new PngBytes();
    png.header(map.width(), map.height(), 8, INDEXED);
    ByteBuffer colours = ByteBuffer.allocate(3 * map.classes());
    for (int i = 0; i < map.classes(); i++) {
      int colour = palette.colour(i);
      colours.put((byte) (colour >> 16)).put((byte) (colour >> 8)).put((byte) colour);
    }
    png.chunk("PLTE", colours.array(), colours.capacity());
    png.data(map.height(), map.width(), 1, FILTER_NONE, (y, row) -> read(map, y, row));
    return png.finish();
  }

  private static void read(LabelMap map, int y, byte[] row) {
    for (int x = 0; x < row.length; x++) {
      row[x] = (byte) map.labels()[y * row.length + x];
    }
  }

  private static void readWide(LabelMap map, int y, byte[] row) {
    for (int x = 0; x < map.width(); x++) {
      short label = map.labels()[y * map.width() + x];
      row[2 * x] = (byte) (label >> 8);
      row[2 * x + 1] = (byte) label;
    }
  }

  private void header(int width, int height, int depth, int type) {
    ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
    header.put((byte) depth).put((byte) type);
    chunk("IHDR", header.array(), header.capacity());
  }

  /**
   * Writes the rows.
   *
   * @param line bytes of a row
   * @param step bytes of a pixel
   * @param filter the method of all rows
   */
  private void data(int height, int line, int step, byte filter, Rows rows) {
    byte[] row = new byte[line];
    byte[] above = new byte[line];
    byte[] filtered = new byte[line + 1];
    byte[] compressed = new byte[1 << 16];
    try (Deflater deflater = new Deflater()) {
      for (int y = 0; y < height; y++) {
        rows.read(y, row);
        filtered[0] = filter;
        if (filter == FILTER_PAETH) {
          paeth(row, above, step, filtered);
        } else {
          System.arraycopy(row, 0, filtered, 1, line);
        }
        deflater.setInput(filtered);
        if (y == height - 1) {
          deflater.finish();
        }
        int length = deflater.deflate(compressed);
        while (length > 0) {
          chunk("IDAT", compressed, length);
          length = deflater.deflate(compressed);
        }
        byte[] other = above;
        above = row;
        row = other;
      }
    }
  }

  private static void paeth(byte[] row, byte[] above, int step, byte[] filtered) {
    for (int i = 0; i < row.length; i++) {
      int left = i < step ? 0 : row[i - step] & 255;
      int up = above[i] & 255;
      int corner = i < step ? 0 : above[i - step] & 255;
      int toLeft = Math.abs(up - corner);
      int toUp = Math.abs(left - corner);
      int toCorner = Math.abs(left + up - 2 * corner);
      int nearest = corner;
      if (toLeft <= toUp && toLeft <= toCorner) {
        nearest = left;
      } else if (toUp <= toCorner) {
        nearest = up;
      }
      filtered[i + 1] = (byte) (row[i] - nearest);
    }
  }

  private byte[] finish() {
    chunk("IEND", new byte[0], 0);
    return out.toByteArray();
  }

  private void chunk(String type, byte[] data, int length) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 checksum = new CRC32();
    checksum.update(name);
    checksum.update(data, 0, length);
    out.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
    out.writeBytes(name);
    out.write(data, 0, length);
    out.writeBytes(ByteBuffer.allocate(4).putInt((int) checksum.getValue()).array());
  }
}
