package io.panamba.model.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The colours of the first frame of a WebP file, taken out of their container: alpha, profiles and
 * metadata are not wanted, and the frame's chunk is a WebP file by itself.
 *
 * @param canvasWidth the width of the whole picture
 * @param canvasHeight its height
 * @param left the frame's first column
 * @param top its first row
 * @param file the frame as a file
 */
@SuppressWarnings("ArrayRecordComponent")
record WebpFrame(int canvasWidth, int canvasHeight, int left, int top, byte[] file) {
  private static final int RIFF_HEADER = 12;
  private static final int CHUNK_HEADER = 8;
  private static final int FRAME_HEADER = 16;

  static WebpFrame read(byte[] file) throws IOException {
    int canvasWidth = 0;
    int canvasHeight = 0;
    int left = 0;
    int top = 0;
    int at = RIFF_HEADER;
    while (true) {
      int length = length(file, at);
      int body = at + CHUNK_HEADER;
      if (ImageFormat.starts(file, at, "VP8 ")) {
        require(length, 10);
        return of(
            canvasWidth,
            canvasHeight,
            left,
            top,
            file,
            at,
            short14(file, body + 6),
            short14(file, body + 8));
      }
      if (ImageFormat.starts(file, at, "VP8L")) {
        require(length, 5);
        int bits = bytes(file, body + 1, 4);
        return of(
            canvasWidth,
            canvasHeight,
            left,
            top,
            file,
            at,
            1 + (bits & 0x3FFF),
            1 + (bits >> 14 & 0x3FFF));
      }
      if (ImageFormat.starts(file, at, "VP8X")) {
        require(length, 10);
        canvasWidth = 1 + bytes(file, body + 4, 3);
        canvasHeight = 1 + bytes(file, body + 7, 3);
      }
      if (ImageFormat.starts(file, at, "ANMF")) {
        require(length, FRAME_HEADER);
        left = 2 * bytes(file, body, 3);
        top = 2 * bytes(file, body + 3, 3);
        at = body + FRAME_HEADER;
      } else {
        at = Math.addExact(body, length + (length & 1));
      }
    }
  }

  private static WebpFrame of(
      int canvasWidth,
      int canvasHeight,
      int left,
      int top,
      byte[] file,
      int at,
      int width,
      int height) {
    int size = CHUNK_HEADER + bytes(file, at + 4, 4);
    ByteBuffer out =
        ByteBuffer.allocate(RIFF_HEADER + size + (size & 1)).order(ByteOrder.LITTLE_ENDIAN);
    out.put(file, 0, 4).putInt(out.capacity() - 8).put(file, 8, 4).put(file, at, size);
    boolean extended = canvasWidth > 0;
    return new WebpFrame(
        extended ? canvasWidth : width, extended ? canvasHeight : height, left, top, out.array());
  }

  /** Returns the length of the chunk at an offset, all of which is in the file. */
  private static int length(byte[] file, int at) throws IOException {
    if (at > file.length - CHUNK_HEADER) {
      throw new EOFException("the file ends before its first picture");
    }
    int length = bytes(file, at + 4, 4);
    if (length < 0 || length > file.length - at - CHUNK_HEADER) {
      throw new EOFException("the file is cut short");
    }
    return length;
  }

  private static void require(int length, int least) throws IOException {
    if (length < least) {
      throw new IOException("a chunk is too short");
    }
  }

  private static int short14(byte[] file, int at) {
    return bytes(file, at, 2) & 0x3FFF;
  }

  private static int bytes(byte[] file, int at, int count) {
    int value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = value << 8 | (file[at + i] & 255);
    }
    return value;
  }
}
