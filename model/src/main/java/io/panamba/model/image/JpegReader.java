package io.panamba.model.image;

import java.awt.image.Raster;
import java.io.IOException;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Decodes JPEG files with the JDK's libjpeg. Where its data is damaged libjpeg makes pixels up and
 * warns; here that is an error. Bytes that nobody needs before the end of the picture are none.
 */
final class JpegReader implements AutoCloseable {
  private static final String EXTRANEOUS_AT_END = "extraneous bytes before marker 0xd9";

  /** Bytes of a coefficient. */
  private static final int COEFFICIENT = 2;

  private final ImageReader reader;

  JpegReader() throws IOException {
    reader = ImageReaders.create(ImageFormat.JPEG);
  }

  /** Refuses what costs too much to decode. */
  static void admit(JpegHeader header, Budget budget) {
    long channels = header.channels();
    budget.admit(
        header.width(),
        header.height(),
        channels + Budget.RGB,
        header.buffered() ? COEFFICIENT * channels : 0);
    budget.admitScans(header.scans(), (long) header.width() * header.height());
  }

  /** Decodes the samples, which have been admitted, without a conversion. */
  Raster samples(JpegHeader header, Budget budget) throws IOException {
    ByteSource source = new ByteSource.Memory(header.codestream());
    reader.removeAllIIOReadProgressListeners();
    reader.removeAllIIOReadWarningListeners();
    ReadWatch watch = ReadWatch.of(reader, budget, warning -> !warning.contains(EXTRANEOUS_AT_END));
    try (ImageInputStream input = new PartStream(budget, source)) {
      reader.setInput(input, true, true);
      Raster raster = reader.readRaster(0, null);
      watch.finish();
      return raster;
    }
  }

  @Override
  public void close() {
    reader.dispose();
  }
}
