package io.panamba.model.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/** The fields of a TIFF file's first directory, of which only those that are asked for are read. */
final class TiffDirectory {
  static final int SHORT = 3;
  static final int LONG8 = 16;

  private static final int MAX_FIELDS = 65_535;

  /** Bytes of a value by its type; 0 where there is none. */
  private static final int[] SIZES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

  /**
   * A field.
   *
   * @param at where its values are
   */
  record Field(int type, long count, long at) {}

  private final ByteSource source;
  private final ByteOrder order;
  private final Map<Integer, Field> fields = new TreeMap<>();

  private TiffDirectory(ByteSource source, ByteOrder order) {
    this.source = source;
    this.order = order;
  }

  static TiffDirectory read(ByteSource source) throws IOException {
    byte[] head = source.read(0, 8);
    ByteOrder order = head[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    TiffDirectory directory = new TiffDirectory(source, order);
    boolean big = directory.bytes(2, 2).getShort() == 43;
    int word = big ? 8 : 4;
    long at = directory.word(big ? 8 : 4, big);
    long count = big ? directory.word(at, true) : directory.bytes(at, 2).getShort() & 0xFFFF;
    if (count < 1 || count > MAX_FIELDS) {
      throw new IOException("its directory has %d fields".formatted(count));
    }
    at += big ? 8 : 2;
    int entry = 4 + 2 * word;
    ByteBuffer entries = directory.bytes(at, Math.toIntExact(count * entry));
    for (int i = 0; i < count; i++) {
      int from = i * entry;
      int tag = entries.getShort(from) & 0xFFFF;
      int type = entries.getShort(from + 2) & 0xFFFF;
      long values = big ? entries.getLong(from + 4) : entries.getInt(from + 4) & 0xFFFFFFFFL;
      int size = type < SIZES.length ? SIZES[type] : 0;
      if (size > 0 && values > 0 && values <= source.length() / size) {
        long here = at + from + 4 + word;
        long place = values * size <= word ? here : directory.word(here, big);
        // Of two fields with one tag the first counts.
        directory.fields.putIfAbsent(tag, new Field(type, values, place));
      }
    }
    return directory;
  }

  private long word(long at, boolean big) throws IOException {
    return big ? bytes(at, 8).getLong() : bytes(at, 4).getInt() & 0xFFFFFFFFL;
  }

  private ByteBuffer bytes(long at, int count) throws IOException {
    return ByteBuffer.wrap(source.read(at, count)).order(order);
  }

  ByteOrder order() {
    return order;
  }

  boolean has(int tag) {
    return fields.containsKey(tag);
  }

  long count(int tag) {
    return has(tag) ? fields.get(tag).count : 0;
  }

  int type(int tag) {
    return fields.get(tag).type;
  }

  /** Returns the bytes of a field's values, at most 2^20 of them. */
  byte[] raw(int tag) throws IOException {
    Field field = fields.get(tag);
    long bytes = field.count * SIZES[field.type];
    if (bytes > 1 << 20) {
      throw new IOException("its field %d has %d bytes".formatted(tag, bytes));
    }
    return source.read(field.at, (int) bytes);
  }

  long value(int tag, long other) throws IOException {
    return has(tag) ? values(tag, 1)[0] : other;
  }

  /** Returns the first values of a field of integers. */
  long[] values(int tag, int count) throws IOException {
    Field field = fields.get(tag);
    if (field == null || field.count < count) {
      throw new IOException("its field %d has %d values of %d".formatted(tag, count(tag), count));
    }
    ByteBuffer bytes = bytes(field.at, Math.multiplyExact(count, SIZES[field.type]));
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] =
          switch (field.type) {
            case 1 -> bytes.get() & 0xFF;
            case 3 -> bytes.getShort() & 0xFFFF;
            case 4, 13 -> bytes.getInt() & 0xFFFFFFFFL;
            case 6 -> bytes.get();
            case 8 -> bytes.getShort();
            case 9 -> bytes.getInt();
            case 16, 17, 18 -> bytes.getLong();
            default -> -1;
          };
      if (values[i] < 0) {
        throw new IOException("its field %d has a value that is no count".formatted(tag));
      }
    }
    return values;
  }
}
