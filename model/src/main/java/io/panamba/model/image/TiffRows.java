package io.panamba.model.image;

import java.io.IOException;
import java.nio.file.Path;

/** Decodes rows of a TIFF file, by its tiles or strips. */
final class TiffRows implements RowReader {
  private final ImageLimits limits;
  private final ByteSource source;
  private final TiffReader reader;
  private final int band;

  TiffRows(Path file, ImageLimits limits) throws IOException {
    this.limits = limits;
    source = new ByteSource.File(file);
    try {
      TiffHeader header = TiffHeader.read(source);
      if (header.orientation() != Canvas.Orientation.NORMAL) {
        throw new ImageException("a turned TIFF can't be read by rows; save it upright");
      }
      if (header.isFloating()) {
        throw new ImageException("a TIFF of floating-point samples can't be read by rows");
      }
      band = RowReader.band(header.width(), header.height(), header.tileHeight());
      reader = new TiffReader(header, source, band, new Budget(limits));
    } catch (IOException | RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  @Override
  public int height() {
    return reader.header().height();
  }

  @Override
  public int width() {
    return reader.header().width();
  }

  @Override
  public int band() {
    return band;
  }

  @Override
  public RgbImage read(int first, int count) throws IOException {
    return reader.rows(first, count, new Budget(limits));
  }

  @Override
  public void close() throws IOException {
    reader.close();
    source.close();
  }
}
