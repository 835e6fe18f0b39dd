package io.panamba.model.image.webp;

import java.io.EOFException;
import java.io.IOException;

/**
 * The header of a key frame: RFC 6386, sections 9 and 19.2.
 *
 * @param width pixels of a row
 * @param height rows
 * @param modes where the header ended: the macroblocks' modes follow
 * @param tokens the partitions of coefficients, which rows of macroblocks take in turn
 * @param segments the four segments' quantisers and filters
 * @param segmentTree the probabilities of a macroblock's segment, or null if all are in the first
 * @param simpleFilter whether the loop filter is the simple one
 * @param probabilities of tokens: type x band x context x 11
 * @param skipProbability that a macroblock has coefficients, or -1 if all have
 */
@SuppressWarnings("ArrayRecordComponent")
record FrameHeader(
    int width,
    int height,
    BoolDecoder modes,
    BoolDecoder[] tokens,
    Segment[] segments,
    int[] segmentTree,
    boolean simpleFilter,
    byte[] probabilities,
    int skipProbability) {
  private static final int START = 10;
  private static final int MAX_PROFILE = 3;
  private static final int SEGMENTS = 4;
  private static final int SURE = 255;

  /**
   * 64ths of a byte that a macroblock takes of the first partition at least: 3.375 bits. By their
   * probabilities, which are fixed (RFC 6386, section 11.2), and the rounding of the arithmetic
   * code in its favour, no modes are cheaper than DC for luma, 2.546 bits, and for chroma, 0.841.
   * Sixteen subblocks take 2.35 bits at least and say that they are there by 0.81.
   */
  private static final int LEAST_OF_MACROBLOCK = 27;

  static FrameHeader read(byte[] data, int from, int to) throws IOException {
    if (to - from < START) {
      throw new EOFException("the frame's header is cut short");
    }
    int tag = littleEndian(data, from, 3);
    boolean keyFrame = (tag & 1) == 0;
    boolean shown = (tag >> 4 & 1) == 1;
    if (!keyFrame || !shown || (tag >> 1 & 7) > MAX_PROFILE) {
      throw new IOException("the frame is no VP8 key frame to show");
    }
    if (littleEndian(data, from + 3, 3) != 0x2A019D) {
      throw new IOException("the frame has no VP8 start code");
    }
    int width = littleEndian(data, from + 6, 2) & 0x3FFF;
    int height = littleEndian(data, from + 8, 2) & 0x3FFF;
    if (width == 0 || height == 0) {
      throw new IOException("the frame is empty");
    }
    int first = from + START;
    int length = tag >> 5;
    if (length > to - first) {
      throw new EOFException("the frame's first partition is cut short");
    }
    long macroblocks = (long) Planes.macroblocks(width) * Planes.macroblocks(height);
    if (macroblocks * LEAST_OF_MACROBLOCK > 64L * length) {
      throw new EOFException(
          "%d bytes can't hold the modes of %d x %d pixels: the frame is cut short"
              .formatted(length, width, height));
    }
    BoolDecoder bits = new BoolDecoder(data, first, first + length);
    // The colour space, of which one is defined, and whether clamping is needed: it does no harm.
    bits.bits(2);
    SegmentFields fields = SegmentFields.read(bits);
    FilterFields filter = FilterFields.read(bits);
    BoolDecoder[] tokens = partitions(data, first + length, to, 1 << bits.bits(2));
    Segment[] segments = new Segment[SEGMENTS];
    int index = bits.bits(7);
    int[] deltas = new int[5];
    for (int i = 0; i < deltas.length; i++) {
      deltas[i] = bits.optional(4);
    }
    for (int i = 0; i < SEGMENTS; i++) {
      segments[i] =
          new Segment(
              Quantiser.of(fields.quantiser(i, index), deltas),
              filter.of(fields.level(i, filter.level()), false),
              filter.of(fields.level(i, filter.level()), true));
    }
    // Whether later frames keep the probabilities: there are none.
    bits.flag();
    byte[] probabilities = probabilities(bits);
    int skip = bits.flag() ? bits.bits(8) : -1;
    if (bits.damaged()) {
      throw new IOException("the frame's first partition is damaged or cut short");
    }
    return new FrameHeader(
        width, height, bits, tokens, segments, fields.tree(), filter.simple(), probabilities, skip);
  }

  private static BoolDecoder[] partitions(byte[] data, int from, int to, int count)
      throws IOException {
    int sizes = 3 * (count - 1);
    if (sizes >= to - from) {
      throw new EOFException("the frame's partitions are cut short");
    }
    BoolDecoder[] out = new BoolDecoder[count];
    int at = from + sizes;
    for (int i = 0; i < count; i++) {
      int left = to - at;
      int size = i == count - 1 ? left : littleEndian(data, from + 3 * i, 3);
      if (size > left || left == 0) {
        throw new EOFException("the frame's partitions are cut short");
      }
      out[i] = new BoolDecoder(data, at, at + size);
      at += size;
    }
    return out;
  }

  private static byte[] probabilities(BoolDecoder bits) {
    byte[] out = Vp8Tables.TOKEN_PROBABILITIES.clone();
    for (int i = 0; i < out.length; i++) {
      if (bits.bit(Vp8Tables.TOKEN_UPDATES[i] & 255) != 0) {
        out[i] = (byte) bits.bits(8);
      }
    }
    return out;
  }

  static int littleEndian(byte[] data, int at, int count) {
    int value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = value << 8 | (data[at + i] & 255);
    }
    return value;
  }

  /**
   * What a segment changes of the frame.
   *
   * @param quantiser the steps of coefficients
   * @param whole the filter of macroblocks that are predicted as a whole
   * @param split the filter of those predicted by subblocks
   */
  record Segment(Quantiser quantiser, FilterStrength whole, FilterStrength split) {}

  /** The segments as they are in the header: section 9.3. */
  private record SegmentFields(
      boolean used, boolean absolute, int[] quantisers, int[] levels, int[] tree) {
    static SegmentFields read(BoolDecoder bits) {
      boolean used = bits.flag();
      boolean absolute = true;
      int[] quantisers = new int[SEGMENTS];
      int[] levels = new int[SEGMENTS];
      int[] tree = null;
      if (used) {
        boolean updateTree = bits.flag();
        if (bits.flag()) {
          absolute = bits.flag();
          for (int i = 0; i < SEGMENTS; i++) {
            quantisers[i] = bits.optional(7);
          }
          for (int i = 0; i < SEGMENTS; i++) {
            levels[i] = bits.optional(6);
          }
        }
        if (updateTree) {
          tree = new int[SEGMENTS - 1];
          for (int i = 0; i < tree.length; i++) {
            tree[i] = bits.flag() ? bits.bits(8) : SURE;
          }
        }
      }
      return new SegmentFields(used, absolute, quantisers, levels, tree);
    }

    int quantiser(int segment, int frame) {
      return value(quantisers[segment], frame);
    }

    int level(int segment, int frame) {
      return value(levels[segment], frame);
    }

    private int value(int own, int frame) {
      if (!used) {
        return frame;
      }
      return absolute ? own : own + frame;
    }
  }

  /** The loop filter as it is in the header: section 9.6. */
  private record FilterFields(
      boolean simple, int level, int sharpness, int frameDelta, int splitDelta) {
    static FilterFields read(BoolDecoder bits) {
      boolean simple = bits.flag();
      int level = bits.bits(6);
      int sharpness = bits.bits(3);
      int[] deltas = new int[8];
      boolean used = bits.flag();
      boolean updated = used && bits.flag();
      if (updated) {
        for (int i = 0; i < deltas.length; i++) {
          deltas[i] = bits.optional(6);
        }
      }
      // Of the deltas by reference frame and by mode, a key frame needs the first of each.
      return new FilterFields(simple, level, sharpness, deltas[0], deltas[4]);
    }

    FilterStrength of(int segmentLevel, boolean split) {
      // A frame's level of 0 turns the filter off, whatever its segments say.
      return level == 0
          ? FilterStrength.OFF
          : FilterStrength.of(segmentLevel + frameDelta + (split ? splitDelta : 0), sharpness);
    }
  }
}
