package io.panamba.model.image;

import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;

/**
 * What the first directory of a TIFF file says about its picture, checked against the file. A strip
 * is a tile as wide as the picture.
 *
 * @param directory the fields
 * @param width pixels in a row
 * @param height rows
 * @param bits bits of the widest sample
 * @param samples channels of a pixel
 * @param compression how tiles are compressed
 * @param photometric what the channels mean, or -1
 * @param planar whether each channel has tiles of its own
 * @param tiled whether the fields are those of tiles
 * @param tileWidth pixels in a row of a tile
 * @param tileHeight rows of a tile; the last strip may have fewer
 * @param offsets where in the file the tiles are
 * @param counts how many bytes they have there
 */
@SuppressWarnings("ArrayRecordComponent")
record TiffHeader(
    TiffDirectory directory,
    int width,
    int height,
    int bits,
    int samples,
    int compression,
    int photometric,
    boolean planar,
    boolean tiled,
    int tileWidth,
    int tileHeight,
    long[] offsets,
    long[] counts) {
  static final int WIDTH = 256;
  static final int HEIGHT = 257;
  static final int BITS = 258;
  static final int COMPRESSION = 259;
  static final int PHOTOMETRIC = 262;
  static final int STRIP_OFFSETS = 273;
  static final int ORIENTATION = 274;
  static final int SAMPLES = 277;
  static final int ROWS_PER_STRIP = 278;
  static final int STRIP_COUNTS = 279;
  static final int PLANAR = 284;
  static final int PALETTE = 320;
  static final int TILE_WIDTH = 322;
  static final int TILE_HEIGHT = 323;
  static final int TILE_OFFSETS = 324;
  static final int TILE_COUNTS = 325;
  static final int SAMPLE_FORMAT = 339;

  static final int NONE = 1;
  static final int OLD_JPEG = 6;
  static final int JPEG = 7;
  static final int DEFLATE = 8;
  static final int ZSTANDARD = 50_000;

  static final int INDICES = 3;
  static final int YCBCR = 6;

  private static final int FLOATING = 3;

  static TiffHeader read(ByteSource source) throws IOException {
    TiffDirectory fields = TiffDirectory.read(source);
    int width = size(fields, WIDTH, -1);
    int height = size(fields, HEIGHT, -1);
    long samples = fields.value(SAMPLES, 1);
    if (samples < 1 || samples > Budget.MAX_CHANNELS) {
      throw new ImageException(
          "the picture has %d channels; up to %d are read".formatted(samples, Budget.MAX_CHANNELS));
    }
    int compression = (int) fields.value(COMPRESSION, NONE);
    TiffCompression.require(compression);
    int bits = 1;
    if (fields.has(BITS)) {
      int known = (int) Math.min(samples, fields.count(BITS));
      bits = (int) Arrays.stream(fields.values(BITS, known)).max().orElseThrow();
    }
    if (bits < 1 || bits > Long.SIZE) {
      throw new IOException("its samples have %d bits".formatted(bits));
    }
    boolean planar = samples > 1 && fields.value(PLANAR, 1) == 2;
    boolean tiled = fields.has(TILE_WIDTH);
    int tileWidth = tiled ? size(fields, TILE_WIDTH, -1) : width;
    int tileHeight = tiled ? size(fields, TILE_HEIGHT, -1) : size(fields, ROWS_PER_STRIP, height);
    if (!tiled) {
      tileHeight = Math.min(tileHeight, height);
    }
    long tiles =
        Math.ceilDiv((long) width, tileWidth)
            * Math.ceilDiv((long) height, tileHeight)
            * (planar ? samples : 1);
    int offsetTag = fields.has(TILE_OFFSETS) ? TILE_OFFSETS : STRIP_OFFSETS;
    int countTag = fields.has(TILE_OFFSETS) ? TILE_COUNTS : STRIP_COUNTS;
    if (tiles > fields.count(offsetTag)) {
      throw new IOException(
          "it has %d tiles or strips of %d".formatted(fields.count(offsetTag), tiles));
    }
    TiffHeader header =
        new TiffHeader(
            fields,
            width,
            height,
            bits,
            (int) samples,
            compression,
            (int) fields.value(PHOTOMETRIC, -1),
            planar,
            tiled,
            tileWidth,
            tileHeight,
            fields.values(offsetTag, (int) tiles),
            fields.has(countTag) ? fields.values(countTag, (int) tiles) : new long[(int) tiles]);
    if (compression != OLD_JPEG) {
      header.requireData(source.length(), fields.has(countTag));
      header.requireHeld(source.length());
    }
    return header;
  }

  private static int size(TiffDirectory fields, int tag, int other) throws IOException {
    // Rows of a strip are 2^32 - 1 where there is one strip.
    long value = Math.min(fields.value(tag, other), Integer.MAX_VALUE);
    if (value < 1) {
      throw new IOException("its field %d, a size, is missing or 0".formatted(tag));
    }
    return (int) value;
  }

  /** Requires every tile in the file; sets the counts that are missing. */
  private void requireData(long length, boolean counted) throws IOException {
    for (int i = 0; i < offsets.length; i++) {
      // Of uncompressed samples the number is known, and the field is often wrong.
      if (compression == NONE && photometric != YCBCR) {
        counts[i] = rawBytes(i);
      } else if (!counted) {
        counts[i] = Math.max(0, length - offsets[i]);
      }
      if (counts[i] < 1 || counts[i] > length - offsets[i]) {
        throw new EOFException(
            "the file is cut short: its tile or strip %d of %d bytes would start at byte %d of %d"
                .formatted(i, counts[i], offsets[i], length));
      }
    }
  }

  /**
   * Refuses tiles that their bytes can't hold. A byte of the file counts once, though tiles may
   * share it.
   */
  private void requireHeld(long length) {
    double raw = 0;
    double stored = 0;
    double lines = 0;
    for (int i = 0; i < offsets.length; i++) {
      // Rows below the picture, and chroma that is subsampled, need not be there.
      int rows = Math.min(rows(i), height - i / across() % down() * tileHeight);
      lines += rows;
      raw += (double) rows * tileWidth * (planar || photometric == YCBCR ? 1 : samples) * bits / 8;
      stored += counts[i];
    }
    stored = Math.min(stored, (double) length);
    boolean holds =
        TiffCompression.isFax(compression)
            // Where a row is as the one before, one bit says so, whatever its width.
            ? lines / 8 <= stored
            : raw / TiffCompression.maxExpansion(compression, samples) <= stored;
    if (compression != NONE && !holds) {
      throw ImageFormat.TIFF.lies(width, height, (long) stored);
    }
  }

  int across() {
    return Math.ceilDiv(width, tileWidth);
  }

  int down() {
    return Math.ceilDiv(height, tileHeight);
  }

  /** Returns how many rows a tile has. */
  int rows(int tile) {
    int row = tile / across() % down();
    return tiled ? tileHeight : Math.min(tileHeight, height - row * tileHeight);
  }

  /** Returns the bytes of a tile when it is not compressed. */
  long rawBytes(int tile) {
    return rows(tile) * Math.ceilDiv((long) tileWidth * bits * (planar ? 1 : samples), 8);
  }

  /** Returns the header of the same picture whose tiles are elsewhere. */
  TiffHeader withTiles(int method, long[] places, long[] lengths) {
    return new TiffHeader(
        directory,
        width,
        height,
        bits,
        samples,
        method,
        photometric,
        planar,
        tiled,
        tileWidth,
        tileHeight,
        places,
        lengths);
  }

  boolean isFloating() throws IOException {
    return directory.value(SAMPLE_FORMAT, 1) == FLOATING;
  }

  /** Tells whether pixels are an index and further channels, as alpha. */
  boolean isPaletteWithMore() {
    return photometric == INDICES && samples > 1;
  }

  Canvas.Orientation orientation() throws IOException {
    return Canvas.Orientation.of(directory.value(ORIENTATION, 1));
  }

  /** Returns the palette, 0xRRGGBB: of 16 bits the upper 8. */
  int[] palette() throws IOException {
    int size = Math.toIntExact(directory.count(PALETTE) / 3);
    if (size < 1 || size > 1 << 16) {
      throw new IOException("its palette has %d colours".formatted(size));
    }
    long[] values = directory.values(PALETTE, 3 * size);
    int[] palette = new int[size];
    for (int i = 0; i < size; i++) {
      palette[i] =
          (int) (values[i] >> 8 << 16 | values[size + i] >> 8 << 8 | values[2 * size + i] >> 8);
    }
    return palette;
  }

  /**
   * Refuses a picture that costs too much to decode, or tiles that do.
   *
   * @param rows that are decoded at a time
   * @param beside bytes in memory beside those of the rows
   */
  void admit(Budget budget, int rows, long beside) throws IOException {
    int sample = bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
    long raster = (long) samples * sample;
    boolean turned = orientation() != Canvas.Orientation.NORMAL;
    long copies = turned ? 2 : 1;
    budget.admit(width, rows, (isFloating() ? 2 : 1) * raster + copies * Budget.RGB, 0, beside);
    budget.admit(tileWidth, tileHeight, 1, 0);
    budget.admit(tileWidth, 1, raster, 0);
    budget.admitPadding(
        (double) across() * tileWidth * down() * tileHeight, (double) width * height);
  }
}
