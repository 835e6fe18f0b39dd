package io.panamba.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a file's bytes from front to back; its end is a {@link CheckpointException}. */
final class Cursor {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final MemorySegment bytes;
  private long position;

  Cursor(Path path, MemorySegment bytes) {
    this.path = path;
    this.bytes = bytes;
  }

  CheckpointException failure(String message) {
    return new CheckpointException(path, "%s (at byte %d)".formatted(message, position));
  }

  boolean startsWith(long offset, int... expected) {
    if (bytes.byteSize() < offset + expected.length) {
      return false;
    }
    for (int i = 0; i < expected.length; i++) {
      if ((bytes.get(ValueLayout.JAVA_BYTE, offset + i) & 0xff) != expected[i]) {
        return false;
      }
    }
    return true;
  }

  long position() {
    return position;
  }

  long remaining() {
    return bytes.byteSize() - position;
  }

  void seek(long offset) {
    if (offset < 0 || offset > bytes.byteSize()) {
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

  int u8() {
    return bytes.get(ValueLayout.JAVA_BYTE, advance(1)) & 0xff;
  }

  int u16() {
    return bytes.get(SHORT, advance(2)) & 0xffff;
  }

  int i32() {
    return bytes.get(INT, advance(4));
  }

  long u32() {
    return i32() & 0xffff_ffffL;
  }

  long i64() {
    return bytes.get(LONG, advance(8));
  }

  MemorySegment slice(long count) {
    return bytes.asSlice(advance(count), count);
  }

  byte[] array(long count, int limit) {
    if (count > limit) {
      throw failure("%d bytes are wanted where at most %d make sense".formatted(count, limit));
    }
    return slice(count).toArray(ValueLayout.JAVA_BYTE);
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
    byte[] line = bytes.asSlice(start, position - 1 - start).toArray(ValueLayout.JAVA_BYTE);
    return new String(line, StandardCharsets.UTF_8);
  }
}
