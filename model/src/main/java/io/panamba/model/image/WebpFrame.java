package io.panamba.model.image;

import java.io.EOFException;
import java.io.IOException;

/**
 * Where the colours of the first frame of a WebP file are: alpha, profiles and metadata are not
 * wanted.
 *
 * @param canvasWidth the width of the whole picture
 * @param canvasHeight its height
 * @param left the frame's first column
 * @param top its first row
 * @param width the frame's width
 * @param height its height
 * @param animated whether it is the first frame of several, which may be a part of the picture
 * @param lossless whether its bitstream is VP8L and not VP8
 * @param from the bitstream's first byte
 * @param to the end of its last byte
 */
record WebpFrame(
    int canvasWidth,
    int canvasHeight,
    int left,
    int top,
    int width,
    int height,
    boolean animated,
    boolean lossless,
    int from,
    int to) {
  private static final int RIFF_HEADER = 12;
  private static final int CHUNK_HEADER = 8;
  private static final int FRAME_HEADER = 16;

  static WebpFrame read(byte[] file) throws IOException {
    int canvasWidth = 0;
    int canvasHeight = 0;
    int left = 0;
    int top = 0;
    boolean animated = false;
    int at = RIFF_HEADER;
    while (true) {
      int length = length(file, at);
      int body = at + CHUNK_HEADER;
      boolean lossless = ImageFormat.starts(file, at, "VP8L");
      if (lossless || ImageFormat.starts(file, at, "VP8 ")) {
        require(length, lossless ? 5 : 10);
        int width = lossless ? 1 + bits14(file, body + 1, 0) : bits14(file, body + 6, 0);
        int height = lossless ? 1 + bits14(file, body + 1, 14) : bits14(file, body + 6, 16);
        // Without a canvas of its own the picture is the frame.
        return new WebpFrame(
            canvasWidth == 0 ? width : canvasWidth,
            canvasHeight == 0 ? height : canvasHeight,
            left,
            top,
            width,
            height,
            animated,
            lossless,
            body,
            body + length);
      }
      if (ImageFormat.starts(file, at, "VP8X")) {
        require(length, 10);
        canvasWidth = 1 + bytes(file, body + 4, 3);
        canvasHeight = 1 + bytes(file, body + 7, 3);
      }
      if (ImageFormat.starts(file, at, "ANMF")) {
        require(length, FRAME_HEADER);
        animated = true;
        left = 2 * bytes(file, body, 3);
        top = 2 * bytes(file, body + 3, 3);
        at = body + FRAME_HEADER;
      } else {
        at = Math.addExact(body, length + (length & 1));
      }
    }
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

  /** Reads 14 bits that begin within four bytes. */
  private static int bits14(byte[] file, int at, int shift) {
    return bytes(file, at, 4) >> shift & 0x3FFF;
  }

  private static int bytes(byte[] file, int at, int count) {
    int value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = value << 8 | (file[at + i] & 255);
    }
    return value;
  }
}
