package io.panamba.model.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The chunks of a PNG file that its pixels are made of: the header, the palette and the data. Text,
 * profiles and whatever else is compressed within never reach a decoder. The checksums up to the
 * last of the data are verified, and what comes after it is not looked at, as in Pillow.
 *
 * @param width pixels in a row
 * @param height rows
 * @param depth bits of a sample
 * @param type the colour type
 * @param parts the file without its other chunks
 */
record PngChunks(int width, int height, int depth, int type, List<PartStream.Part> parts) {
  private static final int SIGNATURE = 8;

  /** Length, type and checksum. */
  private static final int AROUND = 12;

  private static final int HEADER = 13;
  private static final int PALETTE = 3 * 256;
  private static final int GREY = 0;
  private static final int INDEXED = 3;
  private static final int BUFFER = 1 << 14;
  private static final PartStream.Part END =
      PartStream.Part.of(
          new byte[] {0, 0, 0, 0, 'I', 'E', 'N', 'D', (byte) 0xAE, 0x42, 0x60, (byte) 0x82});

  static PngChunks read(ByteSource source, Budget budget) throws IOException {
    List<PartStream.Part> parts = new ArrayList<>();
    ByteBuffer header = null;
    long dataStart = -1;
    long at = SIGNATURE;
    while (dataStart < 0 || at <= source.length() - AROUND) {
      budget.checkTime();
      ByteBuffer head = ByteBuffer.wrap(source.read(at, 8));
      long length = head.getInt();
      String name = StandardCharsets.ISO_8859_1.decode(head).toString();
      boolean data = name.equals("IDAT");
      if (dataStart >= 0 && !data) {
        break;
      }
      if (length < 0 || length > source.length() - at - AROUND) {
        throw new EOFException("the file is cut short in its chunk " + name);
      }
      verify(source, at, length, name, budget);
      if ((header == null) != name.equals("IHDR")) {
        throw new IOException("it has no header, or two");
      }
      switch (name) {
        case "IHDR" -> {
          if (length != HEADER) {
            throw new IOException("its header has %d bytes".formatted(length));
          }
          header = ByteBuffer.wrap(source.read(at + 8, HEADER));
          parts.add(new PartStream.Part(source, 0, at + length + AROUND));
        }
        case "PLTE" -> {
          if (length > PALETTE || parts.size() > 1) {
            throw new IOException("it has more colours in its palette than indices");
          }
          parts.add(new PartStream.Part(source, at, length + AROUND));
        }
        case "IDAT" -> dataStart = dataStart < 0 ? at : dataStart;
        case "IEND" -> throw new IOException("it has no pixels");
        default -> {
          // An upper-case letter: a chunk that a decoder must know.
          if ((name.charAt(0) & 0x20) == 0) {
            throw new IOException("its critical chunk %s is unknown".formatted(name));
          }
        }
      }
      at += length + AROUND;
    }
    parts.add(new PartStream.Part(source, dataStart, at - dataStart));
    parts.add(END);
    return new PngChunks(header.getInt(), header.getInt(), header.get(), header.get(), parts);
  }

  private static void verify(ByteSource source, long at, long length, String name, Budget budget)
      throws IOException {
    CRC32 crc = new CRC32();
    long end = at + 8 + length;
    byte[] buffer = new byte[(int) Math.min(BUFFER, end - at)];
    for (long from = at + 4; from < end; ) {
      int read = source.read(from, buffer, 0, (int) Math.min(buffer.length, end - from));
      if (read < 0) {
        throw new EOFException("the file is cut short in its chunk " + name);
      }
      crc.update(buffer, 0, read);
      from += read;
      budget.checkTime();
    }
    if ((int) crc.getValue() != ByteBuffer.wrap(source.read(end, 4)).getInt()) {
      throw new IOException("the checksum of its chunk %s is wrong".formatted(name));
    }
  }

  /** Tells whether it has a palette, or grey without alpha. */
  boolean isOfOneChannel() {
    return type == GREY || type == INDEXED;
  }

  Rasters.WideGrey wideGrey() {
    return type == GREY ? Rasters.WideGrey.CLIP : Rasters.WideGrey.UPPER_BYTE;
  }

  /** Returns an upper bound of the bytes that a pixel's samples take. */
  int bytesPerPixel() {
    int channels =
        switch (type) {
          case 2 -> 3;
          case 4 -> 2;
          case 6 -> 4;
          default -> 1;
        };
    return channels * (depth > 8 ? 2 : 1);
  }
}
