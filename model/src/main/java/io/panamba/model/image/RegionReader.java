package io.panamba.model.image;

import java.awt.Rectangle;
import java.awt.image.DataBuffer;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;

/** Decodes rows of a file whose format can be read by regions. */
final class RegionReader implements RowReader {
  /** Bytes of a band, where the file's own tiles are not larger than that. */
  private static final long BAND_BYTES = 64 << 20;

  private final ImageReader reader;
  private final ImageInputStream input;
  private final int height;
  private final int width;
  private final int band;
  private final Rasters.WideGrey wideGrey;

  /** Opens a file of a {@linkplain #isSupported supported} format. */
  RegionReader(Path file, ImageFormat format, byte[] head) throws IOException {
    reader = new FormatReader(format, Long.MAX_VALUE).newReader();
    input = new PathImageInput(file);
    try {
      reader.setInput(input, false, format != ImageFormat.TIFF);
      height = reader.getHeight(0);
      width = reader.getWidth(0);
      if (height < 1 || width < 1 || !format.mayHold((long) height * width, input.length())) {
        throw new ImageException(
            "a file of %d bytes holds no picture of %d x %d pixels"
                .formatted(input.length(), width, height));
      }
      if (format == ImageFormat.TIFF) {
        requireUpright();
      }
      band = band(format);
      wideGrey =
          format == ImageFormat.TIFF
              ? Rasters.WideGrey.CLIP
              : format == ImageFormat.PNG
                  ? FormatReader.pngGrey(head)
                  : Rasters.WideGrey.UPPER_BYTE;
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Tells whether rows of a format can be read without the rest of the picture in memory. */
  static boolean isSupported(ImageFormat format) {
    return format == ImageFormat.TIFF || format == ImageFormat.PNG || format == ImageFormat.BMP;
  }

  private void requireUpright() throws IOException {
    if (FormatReader.orientation(reader.getImageMetadata(0)) != Canvas.Orientation.NORMAL) {
      throw new ImageException("a turned TIFF can't be read by rows; save it upright");
    }
    if (reader.getRawImageType(0).getColorModel().getTransferType() == DataBuffer.TYPE_FLOAT) {
      throw new ImageException("a TIFF of floating-point samples can't be read by rows");
    }
  }

  /**
   * The rows of a TIFF's tiles. The other formats are decoded from their start for every band, so
   * that few large ones are best.
   */
  private int band(ImageFormat format) throws IOException {
    long rows = Math.max(1, BAND_BYTES / (3L * width));
    int tile = format == ImageFormat.TIFF ? Math.max(1, reader.getTileHeight(0)) : height;
    return (int) (tile > rows ? Math.min(rows, height) : rows / tile * tile);
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
    return band;
  }

  @Override
  public RgbImage read(int first, int count) throws IOException {
    ImageReadParam param = reader.getDefaultReadParam();
    ImageTypeSpecifier raw = reader.getRawImageType(0);
    if (raw != null) {
      param.setDestinationType(raw);
    }
    param.setSourceRegion(new Rectangle(0, first, width, count));
    return Rasters.toRgb(reader.read(0, param), wideGrey);
  }

  @Override
  public void close() throws IOException {
    reader.dispose();
    input.close();
  }
}
