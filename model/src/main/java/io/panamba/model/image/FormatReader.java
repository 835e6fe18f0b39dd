package io.panamba.model.image;

import io.panamba.model.image.webp.WebpBitstream;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.function.Function;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** Reads the first picture of one format's files. */
final class FormatReader {
  /** Bytes of a pixel of the decoder for WebP, which has the picture twice. */
  private static final int RGBA = 4;

  private final ImageFormat format;
  private final Budget budget;

  FormatReader(ImageFormat format, Budget budget) {
    this.format = format;
    this.budget = budget;
  }

  /** Reads a picture and turns it as a camera wrote that it has to be turned. */
  RgbImage readUpright(byte[] file) throws IOException {
    RgbImage image = read(file);
    Canvas.Orientation orientation = ExifOrientation.of(format, file);
    if (orientation != Canvas.Orientation.NORMAL) {
      budget.admit(image.width(), image.height(), 2 * Budget.RGB, 0);
    }
    return Canvas.orient(image, orientation);
  }

  RgbImage read(byte[] file) throws IOException {
    return switch (format) {
      case JPEG -> jpeg(file);
      case PNG -> png(file);
      case GIF -> new GifReader(file, budget).read();
      case BMP -> bmp(file);
      case TIFF -> tiff(file);
      case WEBP -> webp(file);
    };
  }

  private RgbImage jpeg(byte[] file) throws IOException {
    JpegHeader header = JpegHeader.read(file);
    requireHeld(header.width(), header.height(), file.length);
    JpegReader.admit(header, budget);
    try (JpegReader reader = new JpegReader()) {
      return JpegColours.toRgb(reader.samples(header, budget), header);
    }
  }

  private RgbImage png(byte[] file) throws IOException {
    PngChunks chunks = PngChunks.read(new ByteSource.Memory(file), budget);
    requireHeld(chunks.width(), chunks.height(), file.length);
    budget.admit(chunks.width(), chunks.height(), chunks.bytesPerPixel() + Budget.RGB, 0);
    return imageIo(chunks.parts(), image -> Rasters.toRgb(image, chunks.wideGrey()));
  }

  /** Reads the samples of a PNG file of one channel. */
  IndexImage indices(byte[] file) throws IOException {
    PngChunks chunks = PngChunks.read(new ByteSource.Memory(file), budget);
    if (!chunks.isOfOneChannel()) {
      throw new ImageException(
          "a mask has a palette or one channel of grey, whose samples are classes; this is colour,"
              + " or has alpha");
    }
    requireHeld(chunks.width(), chunks.height(), file.length);
    budget.admit(chunks.width(), chunks.height(), chunks.bytesPerPixel() + Short.BYTES, 0);
    return imageIo(chunks.parts(), image -> IndexImage.of(image.getRaster()));
  }

  private RgbImage bmp(byte[] file) throws IOException {
    BmpParts parts = BmpParts.read(new ByteSource.Memory(file), budget);
    requireHeld(parts.width(), parts.height(), file.length);
    budget.admit(parts.width(), parts.height(), parts.bytesPerPixel() + Budget.RGB, 0);
    return imageIo(parts.parts(), image -> Rasters.toRgb(image, Rasters.WideGrey.UPPER_BYTE));
  }

  private RgbImage tiff(byte[] file) throws IOException {
    ByteSource source = new ByteSource.Memory(file);
    TiffHeader header = TiffHeader.read(source);
    try (TiffReader reader = new TiffReader(header, source, header.height(), budget)) {
      return reader.read(budget);
    }
  }

  private <T> T imageIo(List<PartStream.Part> parts, Function<BufferedImage, T> made)
      throws IOException {
    ImageReader reader = ImageReaders.create(format);
    ReadWatch watch = ReadWatch.of(reader, budget);
    try (ImageInputStream input = new PartStream(budget, parts)) {
      reader.setInput(input, false, true);
      T image = made.apply(reader.read(0));
      watch.finish();
      return image;
    } finally {
      reader.dispose();
    }
  }

  private RgbImage webp(byte[] file) throws IOException {
    WebpFrame frame = WebpFrame.read(file);
    budget.admit(frame.canvasWidth(), frame.canvasHeight(), RGBA + Budget.RGB, 0);
    budget.admit(frame.width(), frame.height(), 2 * RGBA + Budget.RGB, 0);
    // An animation's canvas is filled when the frame has been read; it takes no bytes of the file.
    if (!frame.animated()
        && (frame.canvasWidth() != frame.width() || frame.canvasHeight() != frame.height())) {
      throw new IOException(
          "the header says %d x %d pixels and the frame %d x %d"
              .formatted(frame.canvasWidth(), frame.canvasHeight(), frame.width(), frame.height()));
    }
    byte[] pixels =
        frame.lossless()
            ? WebpBitstream.decodeLossless(file, frame.from(), frame.to(), budget::checkTime)
            : WebpBitstream.decodeLossy(file, frame.from(), frame.to(), budget::checkTime);
    return Canvas.place(
        RgbImage.of(frame.width(), frame.height(), pixels),
        frame.left(),
        frame.top(),
        frame.canvasWidth(),
        frame.canvasHeight(),
        0);
  }

  private void requireHeld(long width, long height, int bytes) {
    if (!format.mayHold(width * height, bytes)) {
      throw format.lies(width, height, bytes);
    }
  }
}
