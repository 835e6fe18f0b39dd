package io.panamba.model.image;

import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;

/**
 * Decodes the first picture of a TIFF file, or rows of it. Tiles of JPEG are decoded as JPEG files
 * are; the rest is TwelveMonkeys' work, which gets a directory with nothing in it but what the
 * pixels need.
 */
final class TiffReader implements AutoCloseable {
  private final TiffHeader header;
  private final TiffJpeg jpeg;
  private final ImageReader reader;
  private final PartStream input;
  private final ByteSource source;

  /** Bytes in memory beside those that rows take. */
  private final long held;

  /**
   * Opens a file, which is read until this is closed.
   *
   * @param read what {@link TiffHeader} read of it
   * @param rows the most rows that are decoded at a time
   */
  TiffReader(TiffHeader read, ByteSource file, int rows, Budget budget) throws IOException {
    if (read.compression() == TiffHeader.ZSTANDARD) {
      TiffZstandard.Plain plain = TiffZstandard.decompress(read, file, rows, budget);
      header = plain.header();
      source = plain.source();
      held = plain.bytes();
    } else {
      header = read;
      source = file;
      held = 0;
    }
    boolean isJpeg =
        read.compression() == TiffHeader.JPEG || read.compression() == TiffHeader.OLD_JPEG;
    jpeg = isJpeg ? new TiffJpeg(header, source) : null;
    reader = isJpeg ? null : ImageReaders.create(ImageFormat.TIFF);
    input = isJpeg ? null : new PartStream(budget, parts(header, source));
    if (reader != null) {
      reader.setInput(input, false, false);
    }
  }

  private static List<PartStream.Part> parts(TiffHeader header, ByteSource source)
      throws IOException {
    return List.of(
        PartStream.Part.of(TiffPrefix.write(header)),
        new PartStream.Part(source, 0, source.length()));
  }

  TiffHeader header() {
    return header;
  }

  /** Decodes all rows and turns the picture upright. */
  RgbImage read(Budget budget) throws IOException {
    return Canvas.orient(rows(0, header.height(), budget), header.orientation());
  }

  /** Decodes rows as they are stored. */
  RgbImage rows(int first, int count, Budget budget) throws IOException {
    source.requireUnchanged();
    header.admit(budget, count, held);
    if (jpeg != null) {
      return jpeg.rows(first, count, budget);
    }
    input.restart(budget);
    reader.removeAllIIOReadProgressListeners();
    ReadWatch watch = ReadWatch.of(reader, budget);
    ImageTypeSpecifier raw = reader.getRawImageType(0);
    ColorModel model = raw.getColorModel();
    ImageReadParam param = reader.getDefaultReadParam();
    param.setDestinationType(raw);
    param.setSourceRegion(new Rectangle(0, first, header.width(), count));
    BufferedImage image;
    if (model.getTransferType() == DataBuffer.TYPE_FLOAT) {
      // As an image, the samples would be cut to 0..1.
      Raster raster = reader.readRaster(0, param);
      image = new BufferedImage(model, raster.createCompatibleWritableRaster(), false, null);
      image.setData(raster);
    } else {
      image = reader.read(0, param);
    }
    watch.finish();
    return header.isPaletteWithMore()
        ? Rasters.fromPalette(image.getRaster(), header.palette())
        : Rasters.toRgb(image, Rasters.WideGrey.CLIP);
  }

  @Override
  public void close() throws IOException {
    if (jpeg != null) {
      jpeg.close();
    } else {
      reader.dispose();
      input.close();
    }
  }
}
