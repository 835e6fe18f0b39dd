package io.panamba.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads bytes from front to back; their end is a {@link CheckpointException}. */
final class Cursor {
  private static final int WINDOW = 1 << 13;
  private static final VarHandle SHORT = view(short[].class);
  private static final VarHandle INT = view(int[].class);
  private static final VarHandle LONG = view(long[].class);

  private final Path path;
  private final Bytes bytes;
  private long position;

  /** The bytes from {@code windowStart} on. */
  private byte[] window = {};

  private long windowStart;

  Cursor(Path path, Bytes bytes) {
    this.path = path;
    this.bytes = bytes;
  }

  private static VarHandle view(Class<?> array) {
    return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
  }

  CheckpointException failure(String message) {
    return new CheckpointException(path, "%s (at byte %d)".formatted(message, position));
  }

  boolean startsWith(long offset, int... expected) {
    if (bytes.size() < offset + expected.length) {
      return false;
    }
    byte[] found = bytes.array(offset, expected.length);
    for (int i = 0; i < expected.length; i++) {
      if ((found[i] & 0xff) != expected[i]) {
        return false;
      }
    }
    return true;
  }

  long position() {
    return position;
  }

  long remaining() {
    return bytes.size() - position;
  }

  void seek(long offset) {
    if (offset < 0 || offset > bytes.size()) {
      throw failure("the file is truncated: it points to byte " + offset);
    }
    position = offset;
  }

  /** Moves on by a number of bytes and returns where it was. */
  private long advance(long count) {
    if (count < 0 || count > remaining()) {
      throw failure(
          "the file is truncated: %d bytes are wanted, %d are left".formatted(count, remaining()));
    }
    long at = position;
    position += count;
    return at;
  }

  /** Moves on by a few bytes and returns where they are in the window. */
  private int take(int count) {
    long at = advance(count);
    if (at < windowStart || at + count > windowStart + window.length) {
      window = bytes.array(at, (int) Math.min(WINDOW, bytes.size() - at));
      windowStart = at;
    }
    return (int) (at - windowStart);
  }

  int u8() {
    // The array is another one after take().
    int at = take(1);
    return window[at] & 0xff;
  }

  int u16() {
    int at = take(Short.BYTES);
    return (short) SHORT.get(window, at) & 0xffff;
  }

  int i32() {
    int at = take(Integer.BYTES);
    return (int) INT.get(window, at);
  }

  long u32() {
    return i32() & 0xffff_ffffL;
  }

  long i64() {
    int at = take(Long.BYTES);
    return (long) LONG.get(window, at);
  }

  Bytes slice(long count) {
    return bytes.slice(advance(count), count);
  }

  byte[] array(long count, int limit) {
    if (count > limit) {
      throw failure("%d bytes are wanted where at most %d make sense".formatted(count, limit));
    }
    long at = advance(count);
    byte[] array = new byte[(int) count];
    if (at >= windowStart && at + count <= windowStart + window.length) {
      System.arraycopy(window, (int) (at - windowStart), array, 0, array.length);
    } else {
      bytes.read(at, MemorySegment.ofArray(array));
    }
    return array;
  }

  String text(long count, int limit) {
    return new String(array(count, limit), StandardCharsets.UTF_8);
  }

  /** Reads up to the next line feed, which is left out. */
  String line(int limit) {
    long start = position;
    while (u8() != '\n') {
      if (position - start > limit) {
        throw failure("a line is longer than %d bytes".formatted(limit));
      }
    }
    long end = position;
    position = start;
    String line = text(end - 1 - start, limit);
    position = end;
    return line;
  }
}
