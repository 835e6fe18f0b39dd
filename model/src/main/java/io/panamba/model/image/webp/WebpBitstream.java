package io.panamba.model.image.webp;

import java.io.IOException;

/**
 * Decodes the bitstreams of WebP. Memory is bounded by the pixels that the bitstream's header
 * states, at 12 bytes each at most and {@value PrefixCodes#MIN_BUDGET} table entries of two bytes
 * beside; the caller checks them first. Of a VP8 frame, the pixels are bounded by its bytes too; a
 * lossless picture may be of one colour, for which a code of one symbol takes no bits.
 */
public final class WebpBitstream {
  /** Pixels between two checks: as many as the longest row has. */
  private static final int ROW = 1 << 14;

  private WebpBitstream() {}

  /**
   * Decodes a VP8 key frame, the content of a chunk {@code VP8 }.
   *
   * @param data holds the frame
   * @param from its first byte
   * @param to the end of its last byte
   * @param check called for each row of pixels or macroblocks; what it throws ends the decoding
   * @return height x width x 3 bytes: red, green, blue
   * @throws IOException if it is damaged, cut short, or no key frame
   */
  public static byte[] decodeLossy(byte[] data, int from, int to, Runnable check)
      throws IOException {
    FrameHeader header = FrameHeader.read(data, from, to);
    Planes planes = new FrameDecoder(header, check).decode();
    return new ColourConversion(planes).toRgb(check);
  }

  /**
   * Decodes a lossless picture, the content of a chunk {@code VP8L}; its alpha is left out.
   *
   * @param data holds the picture
   * @param from its first byte
   * @param to the end of its last byte
   * @param check called for each row of pixels or macroblocks; what it throws ends the decoding
   * @return height x width x 3 bytes: red, green, blue
   * @throws IOException if it is damaged or cut short
   */
  public static byte[] decodeLossless(byte[] data, int from, int to, Runnable check)
      throws IOException {
    int[] argb = new LosslessDecoder(new BitReader(data, from, to), check).decode();
    byte[] rgb = new byte[Math.multiplyExact(argb.length, 3)];
    int at = 0;
    for (int start = 0; start < argb.length; start += ROW) {
      check.run();
      int end = Math.min(argb.length, start + ROW);
      for (int i = start; i < end; i++) {
        int pixel = argb[i];
        rgb[at] = (byte) (pixel >> 16);
        rgb[at + 1] = (byte) (pixel >> 8);
        rgb[at + 2] = (byte) pixel;
        at += 3;
      }
    }
    return rgb;
  }
}
