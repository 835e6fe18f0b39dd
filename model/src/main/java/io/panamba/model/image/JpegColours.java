package io.panamba.model.image;

import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.io.IOException;

/**
 * Makes RGB bytes of the channels of a JPEG file with the integer arithmetic of libjpeg ({@code
 * jdcolor.c}), and of CMYK with that of Pillow, which takes all such files for Adobe's, whose inks
 * are inverted.
 */
final class JpegColours {
  private static final int SCALE_BITS = 16;
  private static final int ONE_HALF = 1 << (SCALE_BITS - 1);
  private static final int[] CR_TO_RED = new int[256];
  private static final int[] CB_TO_BLUE = new int[256];
  private static final int[] CR_TO_GREEN = new int[256];
  private static final int[] CB_TO_GREEN = new int[256];

  static {
    for (int i = 0; i < 256; i++) {
      int x = i - 128;
      CR_TO_RED[i] = (fix(1.40200) * x + ONE_HALF) >> SCALE_BITS;
      CB_TO_BLUE[i] = (fix(1.77200) * x + ONE_HALF) >> SCALE_BITS;
      CR_TO_GREEN[i] = -fix(0.71414) * x;
      CB_TO_GREEN[i] = -fix(0.34414) * x + ONE_HALF;
    }
  }

  private JpegColours() {}

  private static int fix(double value) {
    return (int) (value * (1 << SCALE_BITS) + 0.5);
  }

  static RgbImage toRgb(Raster raster, JpegHeader header) throws IOException {
    int channels = raster.getNumBands();
    int width = raster.getWidth();
    int height = raster.getHeight();
    if (!(raster.getDataBuffer() instanceof DataBufferByte buffer)
        || !(raster.getSampleModel() instanceof PixelInterleavedSampleModel model)
        || model.getPixelStride() != channels
        || model.getScanlineStride() != channels * width
        || channels != header.channels()) {
      throw new IOException("the JPEG reader gave samples in an unknown arrangement");
    }
    byte[] data = buffer.getData();
    if (header.verticalChroma()) {
      interpolateRows(data, width, height);
    }
    byte[] out = Rasters.allocate(width, height);
    switch (header.colours()) {
      case GREY -> {
        for (int i = 0, at = 0; i < width * height; i++, at += 3) {
          out[at] = out[at + 1] = out[at + 2] = data[i];
        }
      }
      case RGB -> System.arraycopy(data, 0, out, 0, out.length);
      case YCBCR -> {
        for (int at = 0; at < out.length; at += 3) {
          toRgb(data, at, out, at);
        }
      }
      case CMYK -> fromInks(data, out);
      case YCCK -> {
        for (int at = 0; at < data.length; at += 4) {
          toRgb(data, at, data, at);
          for (int c = 0; c < 3; c++) {
            data[at + c] = (byte) (255 - data[at + c]);
          }
        }
        fromInks(data, out);
      }
    }
    return RgbImage.of(width, height, out);
  }

  private static void toRgb(byte[] in, int from, byte[] out, int to) {
    int y = in[from] & 255;
    int cb = in[from + 1] & 255;
    int cr = in[from + 2] & 255;
    out[to] = (byte) Rasters.clip(y + CR_TO_RED[cr]);
    out[to + 1] = (byte) Rasters.clip(y + ((CB_TO_GREEN[cb] + CR_TO_GREEN[cr]) >> SCALE_BITS));
    out[to + 2] = (byte) Rasters.clip(y + CB_TO_BLUE[cb]);
  }

  private static void fromInks(byte[] data, byte[] out) {
    int[] pixel = new int[4];
    for (int from = 0, to = 0; from < data.length; from += 4, to += 3) {
      for (int c = 0; c < 4; c++) {
        pixel[c] = 255 - (data[from + c] & 255);
      }
      Rasters.fromCmyk(pixel);
      out[to] = (byte) pixel[0];
      out[to + 1] = (byte) pixel[1];
      out[to + 2] = (byte) pixel[2];
    }
  }

  /**
   * Interpolates chroma that has half the rows, which the JDK's libjpeg repeats and the
   * libjpeg-turbo of Pillow interpolates ({@code h1v2_fancy_upsample}): each row is three parts its
   * own and one part the nearer neighbour's.
   */
  private static void interpolateRows(byte[] data, int width, int height) {
    int stride = 3 * width;
    int rows = (height + 1) / 2;
    byte[] above = new byte[stride];
    byte[] own = new byte[stride];
    System.arraycopy(data, 0, above, 0, stride);
    for (int row = 0; row < rows; row++) {
      System.arraycopy(data, 2 * row * stride, own, 0, stride);
      int below = Math.min(row + 1, rows - 1) * 2 * stride;
      int first = 2 * row * stride;
      boolean second = 2 * row + 1 < height;
      for (int x = 0; x < stride; x += 3) {
        for (int c = x + 1; c <= x + 2; c++) {
          int value = 3 * (own[c] & 255);
          // The row below is still as it was read.
          int next = (value + (data[below + c] & 255) + 2) >> 2;
          data[first + c] = (byte) ((value + (above[c] & 255) + 1) >> 2);
          if (second) {
            data[first + stride + c] = (byte) next;
          }
        }
      }
      byte[] swap = above;
      above = own;
      own = swap;
    }
  }
}
