package io.panamba.model.image;

import java.awt.Rectangle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;

/** Decodes rows of a PNG or BMP file, which is gone through from its start for every band. */
final class RegionReader implements RowReader {
  private final ImageLimits limits;
  private final ByteSource source;
  private final ImageReader reader;
  private final PartStream input;
  private final int height;
  private final int width;
  private final int bytesPerPixel;
  private final Rasters.WideGrey wideGrey;

  /** Opens a file of a {@linkplain #isSupported supported} format. */
  RegionReader(Path file, ImageFormat format, ImageLimits limits) throws IOException {
    this.limits = limits;
    source = new ByteSource.File(file);
    try {
      Budget budget = new Budget(limits);
      List<PartStream.Part> parts;
      if (format == ImageFormat.PNG) {
        PngChunks chunks = PngChunks.read(source, budget);
        height = chunks.height();
        width = chunks.width();
        bytesPerPixel = chunks.bytesPerPixel();
        wideGrey = chunks.wideGrey();
        parts = chunks.parts();
      } else {
        BmpParts bmp = BmpParts.read(source, budget);
        height = Math.toIntExact(bmp.height());
        width = Math.toIntExact(bmp.width());
        bytesPerPixel = bmp.bytesPerPixel();
        wideGrey = Rasters.WideGrey.UPPER_BYTE;
        parts = bmp.parts();
      }
      if (height < 1 || width < 1 || !format.mayHold((long) height * width, source.length())) {
        throw format.lies(width, height, source.length());
      }
      input = new PartStream(budget, parts);
      reader = ImageReaders.create(format);
      reader.setInput(input, false, true);
    } catch (IOException | RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  /** Tells whether rows of a file can be read without the rest of the picture in memory. */
  static boolean isSupported(ImageFormat format, byte[] head) {
    return format == ImageFormat.PNG || (format == ImageFormat.BMP && !BmpParts.isRuns(head));
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int band() {
    return RowReader.band(width, height, height);
  }

  @Override
  public RgbImage read(int first, int count) throws IOException {
    source.requireUnchanged();
    Budget budget = new Budget(limits);
    budget.admit(width, count, bytesPerPixel + Budget.RGB, 0);
    input.restart(budget);
    reader.removeAllIIOReadProgressListeners();
    ReadWatch watch = ReadWatch.of(reader, budget);
    ImageReadParam param = reader.getDefaultReadParam();
    ImageTypeSpecifier raw = reader.getRawImageType(0);
    if (raw != null) {
      param.setDestinationType(raw);
    }
    param.setSourceRegion(new Rectangle(0, first, width, count));
    RgbImage image = Rasters.toRgb(reader.read(0, param), wideGrey);
    watch.finish();
    return image;
  }

  @Override
  public void close() throws IOException {
    reader.dispose();
    input.close();
    source.close();
  }
}
