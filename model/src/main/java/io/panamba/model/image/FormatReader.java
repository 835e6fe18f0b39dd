package io.panamba.model.image;

import io.panamba.model.image.webp.WebpBitstream;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.Objects;
import java.util.ServiceLoader;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataFormatImpl;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Reads the first picture of one format's files. */
final class FormatReader {
  private static final int PNG_COLOUR_TYPE = 25;
  private static final int PNG_GREY = 0;
  private static final String GIF_METADATA = "javax_imageio_gif_image_1.0";

  private final ImageFormat format;
  private final long maxPixels;

  FormatReader(ImageFormat format, long maxPixels) {
    this.format = format;
    this.maxPixels = maxPixels;
  }

  RgbImage read(byte[] file) throws IOException {
    return switch (format) {
      case JPEG -> jpeg(file);
      case WEBP -> webp(file);
      default -> {
        ImageReader reader = newReader();
        // Only GIF and TIFF have something in their metadata that changes the pixels.
        boolean ignoreMetadata = format == ImageFormat.PNG || format == ImageFormat.BMP;
        try (ImageInputStream input = open(file)) {
          reader.setInput(input, false, ignoreMetadata);
          check(reader.getWidth(0), reader.getHeight(0), file.length);
          yield switch (format) {
            case GIF -> gif(reader, file);
            case TIFF -> tiff(reader);
            case PNG -> Rasters.toRgb(reader.read(0), pngGrey(file));
            default -> Rasters.toRgb(reader.read(0), Rasters.WideGrey.UPPER_BYTE);
          };
        } finally {
          reader.dispose();
        }
      }
    };
  }

  static Rasters.WideGrey pngGrey(byte[] file) {
    return file[PNG_COLOUR_TYPE] == PNG_GREY ? Rasters.WideGrey.CLIP : Rasters.WideGrey.UPPER_BYTE;
  }

  private RgbImage jpeg(byte[] file) throws IOException {
    JpegHeader header = JpegHeader.read(file);
    check(header.width(), header.height(), file.length);
    ImageReader reader = newReader();
    try (ImageInputStream input = open(header.codestream())) {
      reader.setInput(input, true, true);
      return JpegColours.toRgb(reader.readRaster(0, null), header);
    } finally {
      reader.dispose();
    }
  }

  private RgbImage webp(byte[] file) throws IOException {
    WebpFrame frame = WebpFrame.read(file);
    check(frame.canvasWidth(), frame.canvasHeight(), file.length);
    check(frame.width(), frame.height(), file.length);
    byte[] pixels =
        frame.lossless()
            ? WebpBitstream.decodeLossless(file, frame.from(), frame.to())
            : WebpBitstream.decodeLossy(file, frame.from(), frame.to());
    return Canvas.place(
        RgbImage.of(frame.width(), frame.height(), pixels),
        frame.left(),
        frame.top(),
        frame.canvasWidth(),
        frame.canvasHeight(),
        0);
  }

  /** Puts the first frame on its screen, which shows around it in the colour of index 0. */
  private RgbImage gif(ImageReader reader, byte[] file) throws IOException {
    Element root = (Element) reader.getImageMetadata(0).getAsTree(GIF_METADATA);
    Element place = child(root, "ImageDescriptor");
    int left = number(place, "imageLeftPosition");
    int top = number(place, "imageTopPosition");
    int width = Math.max(littleShort(file, 6), left + reader.getWidth(0));
    int height = Math.max(littleShort(file, 8), top + reader.getHeight(0));
    check(width, height, file.length);
    BufferedImage image = reader.read(0);
    int background = 0;
    if (image.getColorModel() instanceof IndexColorModel palette) {
      background = palette.getRGB(Math.max(palette.getTransparentPixel(), 0));
    }
    RgbImage frame = Rasters.toRgb(image, Rasters.WideGrey.UPPER_BYTE);
    return Canvas.place(frame, left, top, width, height, background);
  }

  private static RgbImage tiff(ImageReader reader) throws IOException {
    ImageTypeSpecifier raw = reader.getRawImageType(0);
    ColorModel model = raw.getColorModel();
    ImageReadParam param = reader.getDefaultReadParam();
    param.setDestinationType(raw);
    BufferedImage image;
    if (model.getTransferType() == DataBuffer.TYPE_FLOAT) {
      // As an image, the samples would be cut to 0..1.
      Raster raster = reader.readRaster(0, param);
      image = new BufferedImage(model, raster.createCompatibleWritableRaster(), false, null);
      image.setData(raster);
    } else {
      image = reader.read(0, param);
    }
    RgbImage rgb = Rasters.toRgb(image, Rasters.WideGrey.CLIP);
    return Canvas.orient(rgb, orientation(reader.getImageMetadata(0)));
  }

  static Canvas.Orientation orientation(IIOMetadata metadata) {
    Element root = (Element) metadata.getAsTree(IIOMetadataFormatImpl.standardMetadataFormatName);
    NodeList nodes = root.getElementsByTagName("ImageOrientation");
    return nodes.getLength() == 0
        ? Canvas.Orientation.NORMAL
        : Canvas.Orientation.of(((Element) nodes.item(0)).getAttribute("value"));
  }

  private static Element child(Element root, String name) throws IOException {
    NodeList nodes = root.getElementsByTagName(name);
    if (nodes.getLength() == 0) {
      throw new IOException("it has no " + name);
    }
    return (Element) nodes.item(0);
  }

  private static int number(Element element, String attribute) {
    return Integer.parseInt(element.getAttribute(attribute));
  }

  private static int littleShort(byte[] file, int at) {
    return (file[at] & 255) | (file[at + 1] & 255) << 8;
  }

  private void check(long width, long height, int bytes) {
    if (width < 1 || height < 1) {
      throw new ImageException("a picture of %d x %d pixels is empty".formatted(width, height));
    }
    // Neither factor exceeds 2^31.
    long pixels = width * height;
    if (pixels > maxPixels) {
      throw new ImageException(
          "the picture has %d x %d pixels; at most %d pixels are allowed"
              .formatted(width, height, maxPixels));
    }
    if (!format.mayHold(pixels, bytes)) {
      throw new ImageException(
          "%d bytes can't hold the %d x %d pixels that the %s header promises: the file is damaged"
              .formatted(bytes, width, height, format));
    }
  }

  /** Opens bytes in memory; ImageIO's own factory would cache them in a temporary file. */
  private static ImageInputStream open(byte[] file) {
    return new MemoryCacheImageInputStream(new ByteArrayInputStream(file));
  }

  /**
   * Finds the format's reader by its name, so that other plugins on the class path change nothing:
   * the JDK's in ImageIO's registry, TwelveMonkeys' through this class's loader, as the registry
   * knows only those that the first thread's context class loader saw.
   */
  ImageReader newReader() throws IOException {
    Iterator<ImageReaderSpi> known =
        IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, false);
    while (known.hasNext()) {
      ImageReaderSpi provider = known.next();
      if (provider.getClass().getName().equals(format.provider())) {
        return provider.createReaderInstance();
      }
    }
    ImageReaderSpi provider =
        ServiceLoader.load(ImageReaderSpi.class, FormatReader.class.getClassLoader()).stream()
            .filter(candidate -> candidate.type().getName().equals(format.provider()))
            .findFirst()
            .map(ServiceLoader.Provider::get)
            .orElse(null);
    if (provider == null) {
      throw new ImageException(
          "ImageIO has no %s; put the plugin for %s files on the class path"
              .formatted(format.provider(), format));
    }
    return Objects.requireNonNull(provider.createReaderInstance());
  }
}
