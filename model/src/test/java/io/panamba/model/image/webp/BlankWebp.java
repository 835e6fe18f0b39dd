package io.panamba.model.image.webp;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** WebP files of one colour, as small as they can be. */
public final class BlankWebp {
  private static final int CONTAINER = 20;
  private static final int FRAME_HEADER = 10;

  private BlankWebp() {}

  /**
   * Returns a lossy file whose macroblocks are the cheapest that there are.
   *
   * @param width of the picture
   * @param height of the picture
   * @return the file
   */
  public static byte[] lossy(int width, int height) {
    BoolEncoder bits = new BoolEncoder();
    // Colour space, clamping, segments; a filter of level 0 without deltas; one partition.
    bits.bits(0, 3).bits(0, 11).bits(0, 2);
    // The quantiser without deltas; probabilities are not kept.
    bits.bits(0, 7).bits(0, 5).bits(0, 1);
    for (byte probability : Vp8Tables.TOKEN_UPDATES) {
      bits.bit(0, probability & 255);
    }
    bits.bits(1, 1).bits(0, 8);
    for (int i = Planes.macroblocks(width) * Planes.macroblocks(height); i > 0; i--) {
      // Without coefficients, of which 0 of 256 have none; luma and chroma by DC.
      bits.bit(1, 0).bit(1, 145).bit(0, 156).bit(0, 163).bit(0, 142);
    }
    return lossy(width, height, bits.toByteArray());
  }

  /**
   * Returns a lossy file with a first partition, and one of zeros for coefficients.
   *
   * @param width of the picture
   * @param height of the picture
   * @param partition the first one
   * @return the file
   */
  public static byte[] lossy(int width, int height, byte[] partition) {
    ByteBuffer frame =
        ByteBuffer.allocate(FRAME_HEADER + partition.length + 1).order(ByteOrder.LITTLE_ENDIAN);
    int tag = 1 << 4 | partition.length << 5;
    frame.putShort((short) tag).put((byte) (tag >> 16));
    frame.put((byte) 0x9D).put((byte) 0x01).put((byte) 0x2A);
    frame.putShort((short) width).putShort((short) height).put(partition);
    return file("VP8 ", frame.array());
  }

  /**
   * Takes the first partition of a lossy file.
   *
   * @param file that is made here
   * @return the partition
   */
  public static byte[] partition(byte[] file) {
    int from = CONTAINER + FRAME_HEADER;
    int tag = FrameHeader.littleEndian(file, CONTAINER, 3);
    return Arrays.copyOfRange(file, from, from + (tag >> 5));
  }

  /**
   * Returns a lossless file whose pixels take no bits, with every transform.
   *
   * @param width of the picture
   * @param height of the picture
   * @return the file
   */
  public static byte[] lossless(int width, int height) {
    BitWriter out = header(width, height);
    // Prediction and colours by blocks of 512 x 512, green, and a palette of two colours.
    for (int type = 0; type < 2; type++) {
      single(out.put(1, 1).put(type, 2).put(7, 3).put(0, 1));
    }
    out.put(1, 1).put(2, 2);
    single(out.put(1, 1).put(3, 2).put(1, 8).put(0, 1));
    single(out.put(0, 1).put(0, 1).put(0, 1));
    return file("VP8L", out.toByteArray());
  }

  /**
   * Returns a lossless file that ends where its pixels begin, which take a bit each.
   *
   * @param width of the picture
   * @param height of the picture
   * @return the file
   */
  public static byte[] losslessWithoutPixels(int width, int height) {
    BitWriter out = header(width, height).put(0, 1).put(0, 1).put(0, 1);
    // Green is 0 or 1.
    out.put(1, 1).put(1, 1).put(1, 1).put(0, 8).put(1, 8);
    out.single(0).single(0).single(0).single(0);
    return file("VP8L", out.toByteArray());
  }

  private static BitWriter header(int width, int height) {
    return new BitWriter().put(0x2F, 8).put(width - 1, 14).put(height - 1, 14).put(0, 4);
  }

  private static BitWriter single(BitWriter out) {
    for (int i = 0; i < PrefixCodes.GROUP; i++) {
      out.single(0);
    }
    return out;
  }

  private static byte[] file(String kind, byte[] content) {
    int length = content.length + (content.length & 1);
    ByteBuffer out = ByteBuffer.allocate(CONTAINER + length).order(ByteOrder.LITTLE_ENDIAN);
    out.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(CONTAINER - 8 + length);
    out.put(("WEBP" + kind).getBytes(StandardCharsets.US_ASCII)).putInt(content.length);
    return out.put(content).array();
  }
}
