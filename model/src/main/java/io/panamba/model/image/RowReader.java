package io.panamba.model.image;

import java.io.IOException;

/** Decodes some rows of a picture at a time. */
interface RowReader extends AutoCloseable {
  /** Bytes of a band, where the file's own tiles are not larger than that. */
  long BAND_BYTES = 64 << 20;

  int height();

  int width();

  /** The number of rows that are best decoded together, aligned to a multiple of it. */
  int band();

  /**
   * Returns the rows of a band: of as many tiles as 64 MB of pixels have, and of a part of one that
   * is larger.
   */
  static int band(int width, int height, int tile) {
    long rows = Math.max(1, BAND_BYTES / (3L * width));
    return (int) (tile > rows ? Math.min(rows, height) : rows / tile * tile);
  }

  /** Decodes rows of full width. */
  RgbImage read(int first, int count) throws IOException;

  @Override
  void close() throws IOException;

  /** Reads from a picture that has been decoded as a whole: one band. */
  record Decoded(RgbImage image) implements RowReader {
    @Override
    public int height() {
      return image.height();
    }

    @Override
    public int width() {
      return image.width();
    }

    @Override
    public int band() {
      return image.height();
    }

    @Override
    public RgbImage read(int first, int count) {
      return image;
    }

    @Override
    public void close() {}
  }
}
