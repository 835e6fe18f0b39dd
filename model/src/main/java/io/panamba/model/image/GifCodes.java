package io.panamba.model.image;

import java.io.EOFException;
import java.io.IOException;

/**
 * The indices of a GIF picture: LZW codes of growing length, least significant bit first, in blocks
 * of up to 255 bytes. A code stands for a string: that of an earlier code and one index more.
 */
final class GifCodes {
  private static final int MAX_BITS = 12;
  private static final int TABLE = 1 << MAX_BITS;

  private final byte[] file;
  private final int firstBits;
  private final int clear;

  /** Of each code, that of the string without its last index, the last index and the length. */
  private final short[] prefixes = new short[TABLE];

  private final byte[] lasts = new byte[TABLE];
  private final short[] lengths = new short[TABLE];

  private int at;
  private int blockEnd;
  private int buffer;
  private int buffered;
  private int bits;
  private int next;
  private int previous = -1;

  /** Indices of the last string that the row before had no room for, the first of them last. */
  private final byte[] rest = new byte[TABLE];

  private int resting;

  /** Starts at the byte that says how many bits an index has. */
  GifCodes(byte[] file, int start) throws IOException {
    this.file = file;
    at = start;
    blockEnd = start + 1;
    int indexBits = byteAt(at++) & 255;
    if (indexBits < 1 || indexBits >= MAX_BITS) {
      throw new IOException("its codes start with %d bits".formatted(indexBits + 1));
    }
    firstBits = indexBits + 1;
    clear = 1 << indexBits;
    for (int i = 0; i < clear; i++) {
      // Of an index that has more, Pillow keeps eight bits.
      lasts[i] = (byte) i;
      lengths[i] = 1;
    }
    clear();
  }

  private void clear() {
    bits = firstBits;
    next = clear + 2;
    previous = -1;
  }

  /** Reads the next indices. */
  void read(byte[] row) throws IOException {
    int done = 0;
    while (true) {
      while (resting > 0 && done < row.length) {
        row[done++] = rest[--resting];
      }
      if (done == row.length) {
        return;
      }
      string();
    }
  }

  /** Puts the string of the next code into the rest. */
  private void string() throws IOException {
    int code = code();
    if (code == clear) {
      clear();
      return;
    }
    if (code == clear + 1) {
      throw new EOFException("its pixels end early");
    }
    if (code > next || (code == next && (previous < 0 || next == TABLE))) {
      throw new IOException("a code stands for nothing");
    }
    if (previous >= 0 && next < TABLE) {
      // A code that is its own definition begins and ends with the first index of the one before.
      lasts[next] = lasts[first(code == next ? previous : code)];
      prefixes[next] = (short) previous;
      lengths[next] = (short) (lengths[previous] + 1);
      next++;
      if (next == 1 << bits && bits < MAX_BITS) {
        bits++;
      }
    }
    previous = code;
    resting = lengths[code];
    int string = code;
    for (int i = 0; i < resting; i++) {
      rest[i] = lasts[string];
      string = prefixes[string];
    }
  }

  private int first(int code) {
    int string = code;
    while (string >= clear) {
      string = prefixes[string];
    }
    return string;
  }

  private int code() throws EOFException {
    while (buffered < bits) {
      if (at == blockEnd) {
        int length = byteAt(at++) & 255;
        if (length == 0) {
          throw new EOFException("its pixels end early");
        }
        blockEnd = at + length;
      }
      buffer |= (byteAt(at++) & 255) << buffered;
      buffered += 8;
    }
    int code = buffer & ((1 << bits) - 1);
    buffer >>>= bits;
    buffered -= bits;
    return code;
  }

  private byte byteAt(int position) throws EOFException {
    if (position >= file.length) {
      throw new EOFException("the file is cut short");
    }
    return file[position];
  }
}
