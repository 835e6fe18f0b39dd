package io.panamba.model.image.webp;

import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A picture as prefix codes, references to earlier pixels and cached colours: RFC 9649, sections
 * 3.5 to 3.7. The parameters of transforms are such pictures too.
 */
final class EntropyImage {
  private static final int COLOURS = 256;
  private static final int MAX_CACHE_BITS = 11;
  private static final int CACHE_HASH = 0x1E35A7BD;

  /** The first prefix of a number that further bits follow. */
  private static final int FIRST_WITH_BITS = 4;

  /** Ten bits can say the longest reference, of 4096 pixels; all others have fewer for a bit. */
  private static final int MAX_PIXELS_PER_BIT = 410;

  /** The codes of a group. */
  private static final int GREEN = 0;

  private static final int RED = 1;
  private static final int BLUE = 2;
  private static final int ALPHA = 3;
  private static final int DISTANCE = 4;

  /** Distances by their codes, from 1: rows up, and 8 less the columns to the left. */
  private static final byte[] NEAR =
      HexFormat.of()
          .parseHex(
              "1807171928062729161a262a38053739151b363a252b48044749141c353b464a242c58454b343c03"
                  + "5759131d565a232d444c555b333d68026769121e666a222e545c434d656b323e78017779535d111f"
                  + "646c424e767a212f757b313f636d525e00747c414f1020626e30737d515f40727e616f50717f6070");

  private final BitReader in;
  private final Runnable check;
  private final int width;
  private final int[] pixels;

  /** The colours seen last, at their hashes; empty if the picture has no cache. */
  private final int[] cache;

  private final int cacheShift;
  private final Groups groups;

  private EntropyImage(BitReader in, int width, int height, boolean grouped, Runnable check)
      throws IOException {
    this.in = in;
    this.check = check;
    this.width = width;
    int cacheBits = 0;
    if (in.flag()) {
      cacheBits = in.bits(4);
      if (cacheBits < 1 || cacheBits > MAX_CACHE_BITS) {
        throw new IOException("the cache of colours has an impossible size");
      }
    }
    cache = new int[cacheBits == 0 ? 0 : 1 << cacheBits];
    cacheShift = Integer.SIZE - cacheBits;
    int size = Math.multiplyExact(width, height);
    groups = Groups.read(in, width, height, cache.length, grouped, check);
    if (size / MAX_PIXELS_PER_BIT > in.left()
        && Arrays.stream(groups.codes()).allMatch(EntropyImage::takesBits)) {
      throw new EOFException("the picture is cut short");
    }
    pixels = new int[size];
  }

  /** Reads the parameters of a transform, or which pixels have which prefix codes. */
  static int[] readParameters(BitReader in, int width, int height, Runnable check)
      throws IOException {
    return new EntropyImage(in, width, height, false, check).read();
  }

  /** Reads the picture itself, whose blocks may have prefix codes of their own. */
  static int[] readPicture(BitReader in, int width, int height, Runnable check) throws IOException {
    return new EntropyImage(in, width, height, true, check).read();
  }

  /** Returns the number of blocks of 2^shift pixels that cover so many pixels. */
  static int blocks(int pixels, int shift) {
    return (pixels + (1 << shift) - 1) >> shift;
  }

  private int[] read() throws IOException {
    int at = 0;
    int row = 0;
    int column = 0;
    PrefixCode[] codes = groups.at(0, 0);
    while (at < pixels.length) {
      if ((column & groups.mask()) == 0) {
        codes = groups.at(column, row);
      }
      int symbol = codes[GREEN].read(in);
      if (symbol < COLOURS) {
        int red = codes[RED].read(in);
        int blue = codes[BLUE].read(in);
        int alpha = codes[ALPHA].read(in);
        put(at, alpha << 24 | red << 16 | symbol << 8 | blue);
      } else if (symbol < COLOURS + PrefixCodes.LENGTHS) {
        int length = number(symbol - COLOURS);
        int distance = distance(number(codes[DISTANCE].read(in)));
        if (distance > at || length > pixels.length - at) {
          throw new IOException("a reference leads out of the picture");
        }
        for (int i = 0; i < length; i++) {
          put(at + i, pixels[at + i - distance]);
        }
        at += length;
        int next = at / width;
        if (next != row) {
          check.run();
          row = next;
        }
        column = at % width;
        if (at < pixels.length) {
          codes = groups.at(column, row);
        }
        continue;
      } else {
        put(at, cache[symbol - COLOURS - PrefixCodes.LENGTHS]);
      }
      at++;
      column++;
      if (column == width) {
        check.run();
        column = 0;
        row++;
      }
    }
    return pixels;
  }

  /**
   * Tells whether no pixel is for nothing. In a group whose green is always the same literal,
   * cached colour or short reference, a picture of any size may take no bits.
   */
  private static boolean takesBits(PrefixCode[] codes) {
    if (!codes[GREEN].isSingle()) {
      return true;
    }
    int symbol = codes[GREEN].first();
    if (symbol < COLOURS) {
      return !(codes[RED].isSingle() && codes[BLUE].isSingle() && codes[ALPHA].isSingle());
    }
    int prefix = symbol - COLOURS;
    return prefix >= FIRST_WITH_BITS && prefix < PrefixCodes.LENGTHS;
  }

  private void put(int at, int colour) {
    pixels[at] = colour;
    if (cache.length > 0) {
      cache[(CACHE_HASH * colour) >>> cacheShift] = colour;
    }
  }

  /** Reads a length or the code of a distance: a prefix that tells the number of further bits. */
  private int number(int prefix) throws IOException {
    if (prefix < FIRST_WITH_BITS) {
      return prefix + 1;
    }
    int extra = (prefix - 2) >> 1;
    return ((2 + (prefix & 1)) << extra) + in.bits(extra) + 1;
  }

  private int distance(int code) {
    if (code > NEAR.length) {
      return code - NEAR.length;
    }
    int place = NEAR[code - 1];
    return Math.max((place >> 4) * width + 8 - (place & 15), 1);
  }
}
