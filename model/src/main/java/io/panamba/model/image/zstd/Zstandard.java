package io.panamba.model.image.zstd;

import java.io.IOException;
import java.util.Arrays;

/** Decompresses Zstandard frames without a dictionary (RFC 8878). */
public final class Zstandard {
  static final int MAX_BLOCK = 1 << 17;

  /**
   * The most bytes that one byte stands for: four bytes can be a block that repeats one byte, of
   * the size that a block may have.
   */
  public static final int MAX_EXPANSION = MAX_BLOCK / 4;

  /** Pictures are rarely compressed by more: the first array is mostly the last. */
  private static final int FIRST = 8;

  private static final int MAGIC = 0xFD2FB528;
  private static final int SKIPPABLE = 0x184D2A50;
  private static final int[] ID_BYTES = {0, 1, 2, 4};
  private static final int RAW = 0;
  private static final int RUN = 1;
  private static final int COMPRESSED = 2;

  private final byte[] in;
  private final int end;
  private final int most;
  private final Runnable check;
  private final Literals literals;
  private final Sequences sequences;
  private byte[] out;
  private int at;
  private int to;

  private Zstandard(byte[] in, int most, Runnable check) {
    this.in = Arrays.copyOf(in, in.length + BackwardBits.PADDING);
    this.end = in.length;
    this.most = most;
    this.check = check;
    this.out = new byte[(int) Math.min(most, Math.max(MAX_BLOCK, FIRST * (long) in.length))];
    this.literals = new Literals(this.in);
    this.sequences = new Sequences(this.in, literals);
  }

  /**
   * Decompresses frames, one after another. Memory grows with what is in them: beside the frames
   * and a copy of them it is at most three times that, or eight times the frames.
   *
   * @param in the frames
   * @param most how many bytes they may hold
   * @param check called before each frame and each block; what it throws ends the decompression
   * @return what is in them
   * @throws IOException if the frames are damaged, cut short, need a dictionary, or hold more
   */
  public static byte[] decompress(byte[] in, int most, Runnable check) throws IOException {
    Zstandard decoder = new Zstandard(in, most, check);
    while (decoder.at < decoder.end) {
      check.run();
      decoder.frame();
    }
    return decoder.to == decoder.out.length ? decoder.out : Arrays.copyOf(decoder.out, decoder.to);
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
    if (little(ID_BYTES[flags & 3]) != 0) {
      throw new IOException("a Zstandard frame needs a dictionary");
    }
    int sizeBytes = flags < 0x40 && !single ? 0 : 1 << (flags >> 6);
    long size = little(sizeBytes) + (sizeBytes == 2 ? 256 : 0);
    if (sizeBytes > 0 && (size < 0 || size > most - to)) {
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
    literals.reset();
    sequences.reset(to);
    boolean last = false;
    while (!last) {
      check.run();
      int head = (int) little(3);
      last = (head & 1) != 0;
      int type = (head >> 1) & 3;
      int size = head >> 3;
      if (size > MAX_BLOCK || (type == RUN ? 1 : size) > end - at) {
        throw new IOException("a Zstandard block is cut short");
      }
      if (type != COMPRESSED && size > most - to) {
        throw new IOException("a Zstandard block of %d bytes has no room".formatted(size));
      }
      int room = type == COMPRESSED ? Math.min(MAX_BLOCK, most - to) : size;
      reserve(room);
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
          int from = literals.read(at, at + size, room);
          to = sequences.run(from, at + size, out, to, room);
          at += size;
        }
        default -> throw new IOException("a Zstandard block of an unknown kind");
      }
    }
  }

  /** Makes room for so many bytes, which are allowed. */
  private void reserve(int count) {
    int needed = to + count;
    if (needed > out.length) {
      out = Arrays.copyOf(out, Math.clamp(2L * out.length, needed, most));
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
