package io.panamba.model.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * The start of a BigTIFF file whose remainder is a whole TIFF file: a directory that describes the
 * file's picture by the fields that decide on its pixels, and by no others. Metadata, profiles,
 * previews and further pages don't reach the decoder.
 */
final class TiffPrefix {
  /**
   * Copied as they are: sizes, bits, photometric interpretation, order of bits, channels, planes,
   * options of fax, predictor, palette, ink set and number, what further channels are, sample
   * format, and the weights, subsampling, position and range of YCbCr.
   */
  private static final int[] COPIED = {
    256, 257, 258, 262, 266, 277, 284, 292, 293, 317, 320, 322, 323, 332, 334, 338, 339, 529, 530,
    531, 532
  };

  private static final int HEADER = 16;
  private static final int ENTRY = 20;
  private static final int INLINE = 8;
  private static final short MAGIC = 43;

  @SuppressWarnings("ArrayRecordComponent")
  private record Values(int type, long count, byte[] bytes) {}

  private TiffPrefix() {}

  static byte[] write(TiffHeader header) throws IOException {
    TiffDirectory directory = header.directory();
    Map<Integer, Values> fields = new TreeMap<>();
    for (int tag : COPIED) {
      if (directory.has(tag)) {
        fields.put(tag, new Values(directory.type(tag), directory.count(tag), directory.raw(tag)));
      }
    }
    fields.put(TiffHeader.COMPRESSION, longs(header, header.compression()));
    if (header.isPaletteWithMore()) {
      // The indices are read as if they were grey levels; the further channels are no concern then.
      fields.put(TiffHeader.PHOTOMETRIC, longs(header, 1));
      fields.remove(TiffHeader.PALETTE);
    }
    if (!header.tiled()) {
      fields.put(TiffHeader.ROWS_PER_STRIP, longs(header, header.tileHeight()));
    }
    int offsetTag = header.tiled() ? TiffHeader.TILE_OFFSETS : TiffHeader.STRIP_OFFSETS;
    int countTag = header.tiled() ? TiffHeader.TILE_COUNTS : TiffHeader.STRIP_COUNTS;
    fields.put(countTag, longs(header, header.counts()));
    // A place for the offsets, which depend on the size of all this.
    fields.put(offsetTag, longs(header, header.offsets()));
    int size = size(fields);
    long[] moved = Arrays.stream(header.offsets()).map(offset -> offset + size).toArray();
    fields.put(offsetTag, longs(header, moved));
    return write(header, fields, size);
  }

  private static Values longs(TiffHeader header, long... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(values.length, Long.BYTES))
            .order(header.directory().order());
    bytes.asLongBuffer().put(values);
    return new Values(TiffDirectory.LONG8, values.length, bytes.array());
  }

  private static int size(Map<Integer, Values> fields) {
    int size = HEADER + INLINE + ENTRY * fields.size() + INLINE;
    for (Values values : fields.values()) {
      size = Math.addExact(size, values.bytes.length <= INLINE ? 0 : padded(values));
    }
    return size;
  }

  private static int padded(Values values) {
    return Math.ceilDiv(values.bytes.length, INLINE) * INLINE;
  }

  private static byte[] write(TiffHeader header, Map<Integer, Values> fields, int size) {
    ByteBuffer out = ByteBuffer.allocate(size).order(header.directory().order());
    byte letter = (byte) (out.order() == java.nio.ByteOrder.LITTLE_ENDIAN ? 'I' : 'M');
    out.put(letter).put(letter).putShort(MAGIC).putShort((short) 8).putShort((short) 0);
    out.putLong(HEADER).putLong(fields.size());
    int at = HEADER + INLINE + ENTRY * fields.size() + INLINE;
    for (Map.Entry<Integer, Values> field : fields.entrySet()) {
      Values values = field.getValue();
      out.putShort(field.getKey().shortValue()).putShort((short) values.type);
      out.putLong(values.count);
      if (values.bytes.length <= INLINE) {
        out.put(Arrays.copyOf(values.bytes, INLINE));
      } else {
        out.putLong(at).put(at, values.bytes);
        at += padded(values);
      }
    }
    return out.array();
  }
}
