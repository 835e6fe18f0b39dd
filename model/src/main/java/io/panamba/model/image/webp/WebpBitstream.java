package io.panamba.model.image.webp;

import java.io.IOException;

/**
 * Decodes the bitstreams of WebP. Memory is bounded by the pixels that the bitstream's header
 * states, at 12 bytes each at most and {@value PrefixCodes#MIN_BUDGET} table entries of two bytes
 * beside; the caller checks them first.
 */
public final class WebpBitstream {
  private WebpBitstream() {}

  /**
   * Decodes a VP8 key frame, the content of a chunk {@code VP8 }.
   *
   * @param data holds the frame
   * @param from its first byte
   * @param to the end of its last byte
   * @return height x width x 3 bytes: red, green, blue
   * @throws IOException if it is damaged, cut short, or no key frame
   */
  public static byte[] decodeLossy(byte[] data, int from, int to) throws IOException {
    FrameHeader header = FrameHeader.read(data, from, to);
    Planes planes = new FrameDecoder(header).decode();
    return new ColourConversion(planes).toRgb();
  }

  /**
   * Decodes a lossless picture, the content of a chunk {@code VP8L}; its alpha is left out.
   *
   * @param data holds the picture
   * @param from its first byte
   * @param to the end of its last byte
   * @return height x width x 3 bytes: red, green, blue
   * @throws IOException if it is damaged or cut short
   */
  public static byte[] decodeLossless(byte[] data, int from, int to) throws IOException {
    int[] argb = new LosslessDecoder(new BitReader(data, from, to)).decode();
    byte[] rgb = new byte[Math.multiplyExact(argb.length, 3)];
    int at = 0;
    for (int pixel : argb) {
      rgb[at] = (byte) (pixel >> 16);
      rgb[at + 1] = (byte) (pixel >> 8);
      rgb[at + 2] = (byte) pixel;
      at += 3;
    }
    return rgb;
  }
}
