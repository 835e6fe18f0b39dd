package io.panamba.model.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.TreeMap;

/** A small TIFF file, as its header says and no encoder would write. */
final class TiffFile {
  private static final int LONG = 4;
  private static final int ENTRY = 12;
  private static final int HEAD = 8;
  private static final int JPEG_START = 513;
  private static final int JPEG_LENGTH = 514;

  private final TreeMap<Integer, int[]> fields = new TreeMap<>();
  private final byte[][] strips;
  private boolean jpeg;
  private boolean sharing;

  /** A picture in strips of as many rows. */
  TiffFile(int width, int height, int rowsPerStrip, int compression, byte[]... strips) {
    this.strips = strips;
    set(TiffHeader.WIDTH, width);
    set(TiffHeader.HEIGHT, height);
    set(TiffHeader.COMPRESSION, compression);
    set(TiffHeader.ROWS_PER_STRIP, rowsPerStrip);
    grey();
  }

  private TiffFile set(int tag, int... values) {
    fields.put(tag, values);
    return this;
  }

  /** Samples of 8 bits, the highest being white. */
  TiffFile grey() {
    return set(TiffHeader.BITS, 8).set(TiffHeader.SAMPLES, 1).set(TiffHeader.PHOTOMETRIC, 1);
  }

  TiffFile rgb() {
    return set(TiffHeader.BITS, 8, 8, 8).set(TiffHeader.SAMPLES, 3).set(TiffHeader.PHOTOMETRIC, 2);
  }

  /** Samples of one bit, 1 being black. */
  TiffFile bilevel() {
    return set(TiffHeader.BITS, 1).set(TiffHeader.SAMPLES, 1).set(TiffHeader.PHOTOMETRIC, 0);
  }

  /** The first strip is a JPEG file as the fields of old-style JPEG say. */
  TiffFile oldJpeg() {
    jpeg = true;
    return this;
  }

  /** Returns the file with all strips being the last one. */
  byte[] sharing() {
    sharing = true;
    return bytes();
  }

  byte[] bytes() {
    int[] offsets = new int[strips.length];
    int[] counts = new int[strips.length];
    set(TiffHeader.STRIP_OFFSETS, offsets).set(TiffHeader.STRIP_COUNTS, counts);
    if (jpeg) {
      set(JPEG_START, 0).set(JPEG_LENGTH, strips[0].length);
    }
    int values = HEAD + 2 + ENTRY * fields.size() + LONG;
    int at = values;
    for (int[] field : fields.values()) {
      at += field.length > 1 ? LONG * field.length : 0;
    }
    for (int i = 0; i < strips.length; i++) {
      offsets[i] = at;
      counts[i] = strips[i].length;
      at += strips[i].length;
    }
    if (sharing) {
      Arrays.fill(offsets, offsets[offsets.length - 1]);
      Arrays.fill(counts, counts[counts.length - 1]);
    }
    if (jpeg) {
      set(JPEG_START, offsets[0]);
    }
    ByteBuffer out = ByteBuffer.allocate(at).order(ByteOrder.LITTLE_ENDIAN);
    out.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(HEAD);
    out.putShort((short) fields.size());
    for (var field : fields.entrySet()) {
      int[] numbers = field.getValue();
      out.putShort(field.getKey().shortValue()).putShort((short) LONG).putInt(numbers.length);
      if (numbers.length == 1) {
        out.putInt(numbers[0]);
      } else {
        out.putInt(values);
        for (int number : numbers) {
          out.putInt(values, number);
          values += LONG;
        }
      }
    }
    out.position(at - total());
    for (byte[] strip : strips) {
      out.put(strip);
    }
    return out.array();
  }

  private int total() {
    int total = 0;
    for (byte[] strip : strips) {
      total += strip.length;
    }
    return total;
  }
}
