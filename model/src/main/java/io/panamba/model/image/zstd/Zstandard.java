package io.panamba.model.image.zstd;

import java.io.IOException;
import java.util.Arrays;

/** Decompresses Zstandard frames without a dictionary (RFC 8878). */
public final class Zstandard {
  static final int MAX_BLOCK = 1 << 17;

  private static final int MAGIC = 0xFD2FB528;
  private static final int SKIPPABLE = 0x184D2A50;
  private static final int RAW = 0;
  private static final int RUN = 1;
  private static final int COMPRESSED = 2;

  private final byte[] in;
  private final int end;
  private final byte[] out;
  private int at;
  private int to;

  private Zstandard(byte[] in, byte[] out) {
    this.in = Arrays.copyOf(in, in.length + BackwardBits.PADDING);
    this.end = in.length;
    this.out = out;
  }

  /**
   * Decompresses frames, one after another.
   *
   * @param in the frames
   * @param out where to put what is in them
   * @return how many bytes that are
   * @throws IOException if the frames are damaged, cut short, need a dictionary, or hold more than
   *     there is room for
   */
  public static int decompress(byte[] in, byte[] out) throws IOException {
    Zstandard decoder = new Zstandard(in, out);
    while (decoder.at < decoder.end) {
      decoder.frame();
    }
    return decoder.to;
  }

  private void frame() throws IOException {
    int magic = (int) little(4);
    if ((magic & -16) == SKIPPABLE) {
      skip(little(4));
      return;
    }
    if (magic != MAGIC) {
      throw new IOException("this is no Zstandard frame");
    }
    int flags = (int) little(1);
    boolean single = (flags & 0x20) != 0;
    boolean checked = (flags & 4) != 0;
    if ((flags & 8) != 0) {
      throw new IOException("a Zstandard frame of an unknown kind");
    }
    skip(single ? 0 : 1);
    if (little(new int[] {0, 1, 2, 4}[flags & 3]) != 0) {
      throw new IOException("a Zstandard frame needs a dictionary");
    }
    int sizeBytes = new int[] {single ? 1 : 0, 2, 4, 8}[flags >> 6];
    long size = little(sizeBytes) + (sizeBytes == 2 ? 256 : 0);
    if (sizeBytes > 0 && (size < 0 || size > out.length - to)) {
      throw new IOException("a Zstandard frame of %d bytes has no room".formatted(size));
    }
    int start = to;
    blocks();
    if (sizeBytes > 0 && size != to - start) {
      throw new IOException("a Zstandard frame has %d bytes of %d".formatted(to - start, size));
    }
    if (checked && (int) little(4) != (int) XxHash64.of(out, start, to)) {
      throw new IOException("the checksum of a Zstandard frame is wrong");
    }
  }

  private void blocks() throws IOException {
    Literals literals = new Literals(in);
    Sequences sequences = new Sequences(in, out, to, literals);
    boolean last = false;
    while (!last) {
      int head = (int) little(3);
      last = (head & 1) != 0;
      int type = (head >> 1) & 3;
      int size = head >> 3;
      if (size > MAX_BLOCK || (type == RUN ? 1 : size) > end - at) {
        throw new IOException("a Zstandard block is cut short");
      }
      if (type != COMPRESSED && size > out.length - to) {
        throw new IOException("a Zstandard block of %d bytes has no room".formatted(size));
      }
      switch (type) {
        case RAW -> {
          System.arraycopy(in, at, out, to, size);
          at += size;
          to += size;
        }
        case RUN -> {
          Arrays.fill(out, to, to + size, in[at++]);
          to += size;
        }
        case COMPRESSED -> {
          int before = to;
          int from = literals.read(at, at + size);
          to = sequences.run(from, at + size, to);
          at += size;
          if (to - before > MAX_BLOCK) {
            throw new IOException("a Zstandard block is too large");
          }
        }
        default -> throw new IOException("a Zstandard block of an unknown kind");
      }
    }
  }

  private void skip(long count) throws IOException {
    if (count > end - at) {
      throw new IOException("a Zstandard frame is cut short");
    }
    at += (int) count;
  }

  private long little(int count) throws IOException {
    int from = at;
    skip(count);
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (in[from + i] & 255L) << (8 * i);
    }
    return value;
  }
}
