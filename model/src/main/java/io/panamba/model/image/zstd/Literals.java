package io.panamba.model.image.zstd;

import java.io.IOException;
import java.util.Arrays;

/** The literals of a frame's blocks (RFC 8878, 3.1.1.3.1). */
final class Literals {
  private static final int RAW = 0;
  private static final int RUN = 1;
  private static final int COMPRESSED = 2;

  private final byte[] in;
  private byte[] bytes = {};
  private HuffmanTable table;
  private int length;

  Literals(byte[] in) {
    this.in = in;
  }

  /** Begins a frame, whose first table is its own. */
  void reset() {
    table = null;
  }

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  /**
   * Reads the literals of a block.
   *
   * @param most how many there may be
   * @return where they end
   */
  int read(int start, int end, int most) throws IOException {
    require(start < end);
    int type = in[start] & 3;
    int format = (in[start] >> 2) & 3;
    if (type == RAW || type == RUN) {
      int head = format == 1 ? 2 : format == 3 ? 3 : 1;
      int size = (int) (little(start, head, end) >> (head == 1 ? 3 : 4));
      int at = start + head;
      int stored = type == RAW ? size : 1;
      require(size <= most && stored <= end - at);
      reserve(size);
      if (type == RAW) {
        System.arraycopy(in, at, bytes, 0, size);
      } else {
        Arrays.fill(bytes, 0, size, in[at]);
      }
      length = size;
      return at + stored;
    }
    int head = format < 2 ? 3 : format + 2;
    int width = 4 * head - 2;
    long sizes = little(start, head, end) >> 4;
    int mask = (1 << width) - 1;
    length = (int) sizes & mask;
    int at = start + head;
    int last = at + ((int) (sizes >> width) & mask);
    require(length <= most && last <= end);
    reserve(length);
    if (type == COMPRESSED) {
      HuffmanTable.Described described = HuffmanTable.read(in, at, last);
      table = described.table();
      at = described.end();
    }
    require(table != null);
    if (format == 0) {
      table.decode(in, at, last, bytes, 0, length);
    } else {
      four(at, last);
    }
    return last;
  }

  private void reserve(int count) {
    if (count > bytes.length) {
      bytes = new byte[Math.clamp(2L * bytes.length, count, Zstandard.MAX_BLOCK)];
    }
  }

  private void four(int start, int end) throws IOException {
    require(end - start >= 6);
    int share = (length + 3) / 4;
    require(3 * share <= length);
    int at = start + 6;
    for (int i = 0; i < 3; i++) {
      int next = at + (int) little(start + 2 * i, 2, end);
      require(next <= end);
      table.decode(in, at, next, bytes, i * share, (i + 1) * share);
      at = next;
    }
    table.decode(in, at, end, bytes, 3 * share, length);
  }

  private long little(int at, int count, int end) throws IOException {
    require(count <= end - at);
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (in[at + i] & 255L) << (8 * i);
    }
    return value;
  }

  private static void require(boolean condition) throws IOException {
    if (!condition) {
      throw new IOException("the literals of a block are damaged");
    }
  }
}
