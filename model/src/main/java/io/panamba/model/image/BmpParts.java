package io.panamba.model.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * What the header of a BMP file says, checked against the file. JPEG and PNG files inside of BMP
 * files, which Pillow doesn't read either, are refused: their size is not that of the header.
 *
 * @param width pixels in a row
 * @param height rows
 * @param bits bits of a pixel
 * @param runs whether the pixels are run-length encoded
 * @param parts the file, as a reader is to see it
 */
record BmpParts(long width, long height, int bits, boolean runs, List<PartStream.Part> parts) {
  private static final int FILE_HEADER = 14;
  private static final int CORE_HEADER = 12;
  private static final int INFO_HEADER = 40;
  private static final int RLE8 = 1;
  private static final int RLE4 = 2;
  private static final int BIT_FIELDS = 3;

  /** Tells from the first bytes of a file whether rows can't be found without those before. */
  static boolean isRuns(byte[] head) {
    return head.length >= 34 && head[14] >= INFO_HEADER && (head[30] == RLE8 || head[30] == RLE4);
  }

  static BmpParts read(ByteSource source, Budget budget) throws IOException {
    int size = little(source, FILE_HEADER, 4).getInt();
    long start = little(source, 10, 4).getInt() & 0xFFFFFFFFL;
    if (size < CORE_HEADER || start < FILE_HEADER + (long) size || start >= source.length()) {
      throw new IOException(
          "its header has %d bytes, its pixels start at %d".formatted(size, start));
    }
    List<PartStream.Part> whole = List.of(new PartStream.Part(source, 0, source.length()));
    if (size < INFO_HEADER) {
      ByteBuffer header = little(source, FILE_HEADER + 4, 8);
      int width = header.getShort() & 0xFFFF;
      int height = header.getShort() & 0xFFFF;
      int bits = header.getShort(6);
      requirePixels(width, height, bits, source.length() - start);
      return new BmpParts(width, height, bits, false, whole);
    }
    ByteBuffer header = little(source, FILE_HEADER, INFO_HEADER);
    int width = header.getInt(4);
    // Rows from top to bottom have a negative height.
    long height = Math.abs((long) header.getInt(8));
    int bits = header.getShort(14);
    int compression = header.getInt(16);
    if (compression < 0 || compression > BIT_FIELDS) {
      throw new ImageException(
          "the BMP file is compressed by %s, which is not read"
              .formatted(
                  switch (compression) {
                    case 4 -> "JPEG (4)";
                    case 5 -> "PNG (5)";
                    default -> "method " + compression;
                  }));
    }
    if (compression != RLE8 && compression != RLE4) {
      requirePixels(width, height, bits, source.length() - start);
      return new BmpParts(width, height, bits, false, whole);
    }
    if (bits != (compression == RLE8 ? 8 : 4)) {
      throw new IOException("runs of %d bits".formatted(bits));
    }
    int length = runs(source, start, width, height, bits, budget);
    byte[] patched = source.read(0, FILE_HEADER + INFO_HEADER);
    // The JDK's reader believes the sizes of the header, which are often wrong.
    ByteBuffer.wrap(patched)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(2, (int) Math.min(Integer.MAX_VALUE, source.length()))
        .putInt(FILE_HEADER + 20, length);
    return new BmpParts(
        width,
        height,
        bits,
        true,
        List.of(
            PartStream.Part.of(patched),
            new PartStream.Part(source, patched.length, source.length() - patched.length)));
  }

  /** Requires the rows, each of which is filled up to a multiple of four bytes but the last. */
  private static void requirePixels(long width, long height, int bits, long bytes)
      throws IOException {
    if (bits < 1 || bits > 64) {
      throw new IOException("it has pixels of %d bits".formatted(bits));
    }
    if (width < 1 || height < 1) {
      return;
    }
    long row = (width * bits + 7) / 8;
    long stride = (row + 3) / 4 * 4;
    if (height - 1 > (bytes - row) / stride || row > bytes) {
      throw new EOFException(
          "the file is cut short: %d bytes can't hold the %d x %d pixels of %d bits"
              .formatted(bytes, width, height, bits));
    }
  }

  /** Walks the runs to the end of the picture; returns the number of bytes that they have. */
  private static int runs(
      ByteSource source, long start, long width, long height, int bits, Budget budget)
      throws IOException {
    long at = start;
    long x = 0;
    long row = 0;
    while (row < height && !(row == height - 1 && x >= width)) {
      ByteBuffer pair = little(source, at, 2);
      at += 2;
      int count = pair.get() & 255;
      int value = pair.get() & 255;
      if (count > 0) {
        x += count;
      } else if (value == 0) {
        row++;
        x = 0;
        budget.checkTime();
      } else if (value == 1) {
        throw new EOFException("its runs end before the picture does");
      } else if (value == 2) {
        ByteBuffer move = little(source, at, 2);
        at += 2;
        x += move.get() & 255;
        row += move.get() & 255;
      } else {
        x += value;
        int bytes = (value * bits + 7) / 8;
        bytes += bytes & 1;
        little(source, at, bytes);
        at += bytes;
      }
      if (x > width) {
        throw new IOException("a run leaves its row");
      }
    }
    // With the end of the picture, where there is one.
    long end = Math.min(source.length(), at + 4);
    return Math.toIntExact(end - start);
  }

  private static ByteBuffer little(ByteSource source, long at, int count) throws IOException {
    return ByteBuffer.wrap(source.read(at, count)).order(ByteOrder.LITTLE_ENDIAN);
  }

  int bytesPerPixel() {
    // The JDK's reader has a run-length encoded picture twice.
    return (runs ? 1 : 0) + Math.max(1, (bits + 7) / 8);
  }
}
