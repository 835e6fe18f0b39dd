package io.panamba.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A range of bytes of a file or of memory. Nothing of a file is mapped: bytes are copied to where
 * they are wanted, so that a file which shrinks meanwhile is an exception and no fault.
 */
final class Bytes {
  /** Where bytes come from. */
  interface Source {
    /**
     * Copies bytes.
     *
     * @param offset of the first
     * @param target as many as it holds
     * @throws CheckpointException if they are not there, or not those that were there at first
     */
    void read(long offset, MemorySegment target);
  }

  private final Source source;
  private final long offset;
  private final long size;

  Bytes(Source source, long offset, long size) {
    this.source = source;
    this.offset = offset;
    this.size = size;
  }

  /** The bytes of memory, which has to stay open. */
  static Bytes of(MemorySegment memory) {
    return new Bytes(
        (offset, target) -> MemorySegment.copy(memory, offset, target, 0, target.byteSize()),
        0,
        memory.byteSize());
  }

  /** Ranges one after the other, as one. */
  static Bytes concatenated(List<Bytes> ranges) {
    long size = 0;
    for (Bytes range : ranges) {
      size = Math.addExact(size, range.size);
    }
    List<Bytes> all = List.copyOf(ranges);
    return new Bytes((offset, target) -> read(all, offset, target), 0, size);
  }

  private static void read(List<Bytes> ranges, long offset, MemorySegment target) {
    long start = 0;
    for (Bytes range : ranges) {
      long from = Math.max(offset, start);
      long to = Math.min(offset + target.byteSize(), start + range.size);
      if (from < to) {
        range.read(from - start, target.asSlice(from - offset, to - from));
      }
      start += range.size;
    }
  }

  long size() {
    return size;
  }

  Bytes slice(long from, long count) {
    if (from < 0 || count < 0 || from > size - count) {
      throw new IndexOutOfBoundsException("%d bytes from %d of %d".formatted(count, from, size));
    }
    return new Bytes(source, offset + from, count);
  }

  /** Copies bytes from an offset on, as many as the target holds. */
  void read(long from, MemorySegment target) {
    if (from < 0 || from > size - target.byteSize()) {
      throw new IndexOutOfBoundsException(
          "%d bytes from %d of %d".formatted(target.byteSize(), from, size));
    }
    source.read(offset + from, target);
  }

  byte[] array(long from, int count) {
    byte[] array = new byte[count];
    read(from, MemorySegment.ofArray(array));
    return array;
  }
}
