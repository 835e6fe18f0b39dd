package io.panamba.model.image;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;

/**
 * Decodes the tiles of a TIFF file that are JPEG files each. As in libtiff, a tile's own header
 * must not say more pixels than the directory does, and the directory tells what the channels mean:
 * red, green and blue are not converted, and inks are not inverted.
 */
final class TiffJpeg implements AutoCloseable {
  private static final int TABLES = 347;
  private static final int OLD_START = 513;
  private static final int OLD_LENGTH = 514;
  private static final int WHITE_IS_ZERO = 0;
  private static final int BLACK_IS_ZERO = 1;
  private static final int SEPARATED = 5;
  private static final int RGB = 2;
  private static final int MARKER = 2;

  private final TiffHeader header;
  private final ByteSource source;
  private final byte[] tables;
  private final JpegReader reader;

  TiffJpeg(TiffHeader header, ByteSource source) throws IOException {
    this.header = header;
    this.source = source;
    if (header.planar() || header.bits() != 8) {
      throw new ImageException(
          "JPEG in TIFF is read with 8 bits and channels beside each other; this has %d bits%s"
              .formatted(header.bits(), header.planar() ? " and planes" : ""));
    }
    boolean old = header.compression() == TiffHeader.OLD_JPEG;
    if (old && !(header.directory().has(OLD_START) && header.directory().has(OLD_LENGTH))) {
      throw new ImageException("old-style JPEG in TIFF is read only where it is a whole JPEG file");
    }
    tables = header.directory().has(TABLES) && !old ? header.directory().raw(TABLES) : new byte[0];
    reader = new JpegReader();
  }

  /** Decodes rows of full width. */
  RgbImage rows(int first, int count, Budget budget) throws IOException {
    if (header.compression() == TiffHeader.OLD_JPEG) {
      TiffDirectory directory = header.directory();
      long start = directory.value(OLD_START, 0);
      long length = directory.value(OLD_LENGTH, 0);
      RgbImage whole =
          tile(
              file(start, length, false), header.width(), header.height(), header.height(), budget);
      return copy(whole, first, count);
    }
    int width = header.width();
    byte[] out = Rasters.allocate(width, count);
    int across = header.across();
    int last = (first + count - 1) / header.tileHeight();
    for (int down = first / header.tileHeight(); down <= last; down++) {
      int top = down * header.tileHeight();
      int from = Math.max(first, top);
      int to = Math.min(first + count, top + header.tileHeight());
      for (int column = 0; column < across; column++) {
        int tile = down * across + column;
        RgbImage image =
            tile(
                file(header.offsets()[tile], header.counts()[tile], true),
                header.tileWidth(),
                header.rows(tile),
                header.tileHeight(),
                budget);
        int left = column * header.tileWidth();
        int columns = Math.min(header.tileWidth(), width - left);
        for (int y = from; y < to; y++) {
          System.arraycopy(
              image.pixels(),
              (y - top) * image.width() * 3,
              out,
              ((y - first) * width + left) * 3,
              columns * 3);
        }
      }
    }
    return RgbImage.of(width, count, out);
  }

  private static RgbImage copy(RgbImage image, int first, int count) {
    int row = 3 * image.width();
    byte[] rows = Arrays.copyOfRange(image.pixels(), first * row, (first + count) * row);
    return RgbImage.of(image.width(), count, rows);
  }

  /** Returns a tile's JPEG file, with the tables that the tiles share. */
  private byte[] file(long start, long length, boolean shared) throws IOException {
    byte[] file = source.read(start, Math.toIntExact(length));
    if (ImageFormat.of(file) != ImageFormat.JPEG) {
      throw new IOException("its JPEG data is none");
    }
    if (!shared || tables.length < 2 * MARKER) {
      return file;
    }
    // Both begin with the marker of a start, and the tables end with that of an end.
    int kept = tables.length - MARKER;
    byte[] joined = Arrays.copyOf(tables, kept + file.length - MARKER);
    System.arraycopy(file, MARKER, joined, kept, file.length - MARKER);
    return joined;
  }

  /**
   * Decodes a tile.
   *
   * @param height the rows that are needed
   * @param most the rows that there may be: the last strip may be as high as the others
   */
  private RgbImage tile(byte[] file, int width, int height, int most, Budget budget)
      throws IOException {
    JpegHeader jpeg = JpegHeader.read(file);
    if (jpeg.width() != width || jpeg.height() < height || jpeg.height() > most) {
      throw new ImageException(
          "a JPEG file of %d x %d pixels stands in the TIFF file for a tile of %d x %d"
              .formatted(jpeg.width(), jpeg.height(), width, height));
    }
    if (jpeg.channels() != header.samples()) {
      throw new IOException(
          "its JPEG data has %d channels of %d".formatted(jpeg.channels(), header.samples()));
    }
    if (!ImageFormat.JPEG.mayHold((long) jpeg.width() * jpeg.height(), file.length)) {
      throw ImageFormat.JPEG.lies(jpeg.width(), jpeg.height(), file.length);
    }
    JpegReader.admit(jpeg, budget);
    JpegHeader meant = jpeg.withColours(colours(jpeg));
    Raster raster = reader.samples(meant, budget);
    if (meant.colours() == JpegHeader.Colours.CMYK || header.photometric() == WHITE_IS_ZERO) {
      invert(raster);
    }
    return JpegColours.toRgb(raster, meant);
  }

  private JpegHeader.Colours colours(JpegHeader jpeg) {
    return switch (header.photometric()) {
      case RGB -> JpegHeader.Colours.RGB;
      case TiffHeader.YCBCR -> JpegHeader.Colours.YCBCR;
      case SEPARATED -> JpegHeader.Colours.CMYK;
      case WHITE_IS_ZERO, BLACK_IS_ZERO -> JpegHeader.Colours.GREY;
      default -> jpeg.colours();
    };
  }

  /** A JPEG file's inks are taken for inverted, which a TIFF file's are not. */
  private static void invert(Raster raster) throws IOException {
    if (!(raster.getDataBuffer() instanceof DataBufferByte buffer)) {
      throw new IOException("the JPEG reader gave samples in an unknown arrangement");
    }
    byte[] data = buffer.getData();
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) ~data[i];
    }
  }

  @Override
  public void close() {
    reader.close();
  }
}
