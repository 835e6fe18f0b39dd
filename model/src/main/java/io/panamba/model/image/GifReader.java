package io.panamba.model.image;

import java.io.EOFException;
import java.io.IOException;

/**
 * Reads the first frame of a GIF file and puts it on its screen, which shows around it in the
 * colour of the transparent index, or of index 0. Indices beyond the palette are black; without a
 * palette they are grey levels. As in Pillow, codes may start with up to 12 bits, where the
 * specification has 9 and the JDK's reader no more.
 */
final class GifReader {
  private static final int HEADER = 13;
  private static final int EXTENSION = 0x21;
  private static final int CONTROL = 0xF9;
  private static final int IMAGE = 0x2C;
  private static final int TRAILER = 0x3B;
  private static final int PALETTE = 0x80;
  private static final int INTERLACED = 0x40;
  private static final int COLOURS = 256;

  /** The first row and the step of each pass of an interlaced picture. */
  private static final int[][] PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

  private final byte[] file;
  private final Budget budget;
  private int at;

  GifReader(byte[] file, Budget budget) {
    this.file = file;
    this.budget = budget;
  }

  RgbImage read() throws IOException {
    require(HEADER);
    int screenWidth = littleShort(6);
    int screenHeight = littleShort(8);
    int flags = file[10] & 255;
    at = HEADER;
    int[] palette = (flags & PALETTE) == 0 ? null : palette(flags);
    int transparent = 0;
    while (true) {
      int block = next();
      if (block == EXTENSION) {
        int label = next();
        if (label == CONTROL && peek() >= 4) {
          require(5);
          transparent = (file[at + 1] & 1) != 0 ? file[at + 4] & 255 : 0;
        }
        skipBlocks();
      } else if (block == IMAGE) {
        break;
      } else if (block == TRAILER) {
        throw new IOException("it has no picture");
      }
      // Other bytes between blocks are skipped, as Pillow does.
    }
    require(9);
    int left = littleShort(at);
    int top = littleShort(at + 2);
    int width = littleShort(at + 4);
    int height = littleShort(at + 6);
    flags = file[at + 8] & 255;
    at += 9;
    if ((flags & PALETTE) != 0) {
      palette = palette(flags);
    }
    if (palette == null) {
      palette = greys();
    }
    int canvasWidth = Math.max(screenWidth, left + width);
    int canvasHeight = Math.max(screenHeight, top + height);
    if (!ImageFormat.GIF.mayHold((long) canvasWidth * canvasHeight, file.length)) {
      throw ImageFormat.GIF.lies(canvasWidth, canvasHeight, file.length);
    }
    budget.admit(width, height, Budget.RGB, 0);
    budget.admit(canvasWidth, canvasHeight, Budget.RGB, 0);
    byte[] out = Rasters.allocate(canvasWidth, canvasHeight);
    if (width < canvasWidth || height < canvasHeight) {
      fill(out, palette[transparent]);
    }
    GifCodes codes = new GifCodes(file, at);
    byte[] row = new byte[width];
    int step = 3 * canvasWidth;
    boolean interlaced = (flags & INTERLACED) != 0;
    for (int[] pass : interlaced ? PASSES : new int[][] {{0, 1}}) {
      for (int y = pass[0]; y < height; y += pass[1]) {
        budget.checkTime();
        codes.read(row);
        int to = (top + y) * step + 3 * left;
        for (int x = 0; x < width; x++, to += 3) {
          set(out, to, palette[row[x] & 255]);
        }
      }
    }
    return RgbImage.of(canvasWidth, canvasHeight, out);
  }

  private static void fill(byte[] out, int colour) {
    for (int to = 0; to < out.length; to += 3) {
      set(out, to, colour);
    }
  }

  private static void set(byte[] out, int to, int colour) {
    out[to] = (byte) (colour >> 16);
    out[to + 1] = (byte) (colour >> 8);
    out[to + 2] = (byte) colour;
  }

  private int[] palette(int flags) throws EOFException {
    int size = 2 << (flags & 7);
    require(3 * size);
    int[] palette = new int[COLOURS];
    for (int i = 0; i < size; i++, at += 3) {
      palette[i] = (file[at] & 255) << 16 | (file[at + 1] & 255) << 8 | (file[at + 2] & 255);
    }
    return palette;
  }

  private static int[] greys() {
    int[] palette = new int[COLOURS];
    for (int i = 0; i < COLOURS; i++) {
      palette[i] = i << 16 | i << 8 | i;
    }
    return palette;
  }

  private void skipBlocks() throws EOFException {
    for (int length = next(); length > 0; length = next()) {
      require(length);
      at += length;
    }
  }

  private int peek() throws EOFException {
    require(1);
    return file[at] & 255;
  }

  private int next() throws EOFException {
    int value = peek();
    at++;
    return value;
  }

  private int littleShort(int from) {
    return (file[from] & 255) | (file[from + 1] & 255) << 8;
  }

  private void require(int count) throws EOFException {
    if (count > file.length - at) {
      throw new EOFException("the file is cut short");
    }
  }
}
