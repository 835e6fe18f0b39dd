package io.panamba.model.image;

import java.io.IOException;

/** Decodes some rows of a picture at a time. */
interface RowReader extends AutoCloseable {
  int height();

  int width();

  /** The number of rows that are best decoded together, aligned to a multiple of it. */
  int band();

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
