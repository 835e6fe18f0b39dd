package io.panamba.model.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;

/**
 * Makes RGB bytes of rasters, sample by sample: the colour conversions of the Java 2D API apply
 * profiles, and take grey samples for linear light.
 */
final class Rasters {
  /** How grey samples of more than 8 bits become bytes. */
  enum WideGrey {
    /** The upper byte of 16 bits; wider ones are refused. */
    UPPER_BYTE,
    /** Everything above 255 is white, as Pillow makes RGB of its modes I and I;16. */
    CLIP
  }

  private static final int OPAQUE = 255;

  private Rasters() {}

  static RgbImage toRgb(BufferedImage image, WideGrey wideGrey) {
    ColorModel model = image.getColorModel();
    Raster raster = image.getRaster();
    if (model instanceof IndexColorModel palette) {
      return fromPalette(raster, palette);
    }
    int colours = colours(model.getColorSpace().getType());
    if (raster.getNumBands() < colours) {
      throw unsupported(raster.getNumBands() + " channels of " + model);
    }
    boolean premultiplied = model.hasAlpha() && model.isAlphaPremultiplied();
    int bits = model.getComponentSize(0);
    if (colours == 3 && bits == 8 && !premultiplied && isInterleavedBytes(raster)) {
      return fromInterleavedBytes(raster);
    }
    return fromSamples(raster, colours, model, premultiplied, wideGrey);
  }

  private static int colours(int colourSpace) {
    return switch (colourSpace) {
      case ColorSpace.TYPE_GRAY -> 1;
      case ColorSpace.TYPE_RGB -> 3;
      case ColorSpace.TYPE_CMYK -> 4;
      default -> throw unsupported("colour space type " + colourSpace);
    };
  }

  private static RgbImage fromPalette(Raster raster, IndexColorModel palette) {
    int[] colours = new int[palette.getMapSize()];
    palette.getRGBs(colours);
    return fromPalette(raster, colours);
  }

  /** Looks up the first channel in a palette, 0xRRGGBB. */
  static RgbImage fromPalette(Raster raster, int[] colours) {
    int width = raster.getWidth();
    byte[] out = allocate(width, raster.getHeight());
    int[] row = new int[width];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        // An index beyond the palette is black, as Pillow fills palettes.
        int colour = row[x] < colours.length ? colours[row[x]] : 0;
        out[at++] = (byte) (colour >> 16);
        out[at++] = (byte) (colour >> 8);
        out[at++] = (byte) colour;
      }
    }
    return RgbImage.of(width, raster.getHeight(), out);
  }

  private static boolean isInterleavedBytes(Raster raster) {
    return raster.getSampleModel() instanceof PixelInterleavedSampleModel
        && raster.getDataBuffer() instanceof DataBufferByte;
  }

  private static RgbImage fromInterleavedBytes(Raster raster) {
    PixelInterleavedSampleModel samples = (PixelInterleavedSampleModel) raster.getSampleModel();
    DataBufferByte buffer = (DataBufferByte) raster.getDataBuffer();
    byte[] data = buffer.getData();
    int[] offsets = samples.getBandOffsets();
    int start =
        buffer.getOffset()
            + (raster.getMinY() - raster.getSampleModelTranslateY()) * samples.getScanlineStride()
            + (raster.getMinX() - raster.getSampleModelTranslateX()) * samples.getPixelStride();
    int width = raster.getWidth();
    int step = samples.getPixelStride();
    byte[] out = allocate(width, raster.getHeight());
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      int from = start + y * samples.getScanlineStride();
      int red = from + offsets[0];
      int green = from + offsets[1];
      int blue = from + offsets[2];
      for (int x = 0; x < width; x++) {
        out[at] = data[red + x * step];
        out[at + 1] = data[green + x * step];
        out[at + 2] = data[blue + x * step];
        at += 3;
      }
    }
    return RgbImage.of(width, raster.getHeight(), out);
  }

  private static RgbImage fromSamples(
      Raster raster, int colours, ColorModel model, boolean premultiplied, WideGrey wideGrey) {
    int bits = model.getComponentSize(0);
    boolean clip = colours == 1 && bits > 8 && wideGrey == WideGrey.CLIP;
    if (bits > 16 && !clip) {
      throw unsupported(bits + "-bit colour samples");
    }
    int bands = raster.getNumBands();
    int width = raster.getWidth();
    byte[] out = allocate(width, raster.getHeight());
    int[] row = new int[Math.multiplyExact(width, bands)];
    int[] pixel = new int[4];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      // Of floating samples this takes the integer part, as Pillow does.
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < colours; c++) {
          int value = row[x * bands + c];
          pixel[c] = clip ? clip(value) : toByte(value, model.getComponentSize(c));
        }
        if (premultiplied) {
          unpremultiply(
              pixel, colours, toByte(row[x * bands + colours], model.getComponentSize(colours)));
        }
        switch (colours) {
          case 1 -> pixel[2] = pixel[1] = pixel[0];
          case 4 -> fromCmyk(pixel);
          default -> {}
        }
        out[at++] = (byte) pixel[0];
        out[at++] = (byte) pixel[1];
        out[at++] = (byte) pixel[2];
      }
    }
    return RgbImage.of(width, raster.getHeight(), out);
  }

  private static int toByte(int value, int bits) {
    if (bits == 8) {
      return value;
    }
    return bits > 8 ? value >> (bits - 8) & 255 : value * 255 / ((1 << bits) - 1);
  }

  static int clip(int value) {
    return Math.clamp(value, 0, 255);
  }

  private static void unpremultiply(int[] pixel, int colours, int alpha) {
    if (alpha != 0 && alpha != OPAQUE) {
      for (int c = 0; c < colours; c++) {
        pixel[c] = clip(255 * pixel[c] / alpha);
      }
    }
  }

  /** Replaces cyan, magenta, yellow and black by red, green and blue, with Pillow's arithmetic. */
  static void fromCmyk(int[] pixel) {
    int light = 255 - pixel[3];
    for (int c = 0; c < 3; c++) {
      int product = pixel[c] * light + 128;
      pixel[c] = clip(light - (((product >> 8) + product) >> 8));
    }
  }

  static byte[] allocate(int width, int height) {
    long bytes = 3L * width * height;
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new ImageException(
          "a picture of %d x %d pixels is too large for an array".formatted(width, height));
    }
    return new byte[(int) bytes];
  }

  private static ImageException unsupported(String what) {
    return new ImageException(
        "grey, RGB and CMYK samples of up to 16 bits and palettes are read; the picture has "
            + what);
  }
}
