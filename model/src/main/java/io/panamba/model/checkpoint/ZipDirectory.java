package io.panamba.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The entries of a mapped zip, with Zip64 (PKWARE APPNOTE 6.3). Only stored, unencrypted entries
 * have content here: that is what PyTorch writes, and what can be read in place. Names are keys and
 * never paths.
 */
final class ZipDirectory {
  private static final int END = 0x06054b50;
  private static final int END_64 = 0x06064b50;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int LOCAL = 0x04034b50;
  private static final int END_BYTES = 22;
  private static final int LOCATOR_BYTES = 20;
  private static final int MAX_COMMENT = 0xffff;
  private static final int ENCRYPTED = 1;
  private static final long IN_EXTRA = 0xffff_ffffL;

  private record Entry(int flags, int method, long compressed, long size, long offset) {}

  private final Path path;
  private final MemorySegment file;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  private ZipDirectory(Path path, MemorySegment file) {
    this.path = path;
    this.file = file;
  }

  static ZipDirectory read(Path path, MemorySegment file) {
    ZipDirectory directory = new ZipDirectory(path, file);
    directory.readEntries();
    return directory;
  }

  Set<String> names() {
    return entries.keySet();
  }

  boolean has(String name) {
    return entries.containsKey(name);
  }

  /** Returns an entry's bytes in the mapping. */
  MemorySegment content(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new CheckpointException(path, "the zip has no entry " + name);
    }
    if ((entry.flags() & ENCRYPTED) != 0) {
      throw new CheckpointException(path, "the entry %s is encrypted".formatted(name));
    }
    if (entry.method() != 0 || entry.compressed() != entry.size()) {
      throw new CheckpointException(
          path, "the entry %s is compressed; PyTorch stores entries as they are".formatted(name));
    }
    Cursor cursor = new Cursor(path, file);
    cursor.seek(entry.offset());
    if (cursor.i32() != LOCAL) {
      throw cursor.failure("the entry %s is not where the zip's directory says".formatted(name));
    }
    cursor.slice(22);
    int nameLength = cursor.u16();
    int extraLength = cursor.u16();
    cursor.slice((long) nameLength + extraLength);
    return cursor.slice(entry.size());
  }

  private void readEntries() {
    Cursor cursor = new Cursor(path, file);
    long end = findEnd(cursor);
    cursor.seek(end + 10);
    long count = cursor.u16();
    cursor.i32();
    long offset = cursor.u32();
    if (end >= LOCATOR_BYTES) {
      cursor.seek(end - LOCATOR_BYTES);
      if (cursor.i32() == LOCATOR_64) {
        cursor.i32();
        cursor.seek(cursor.i64());
        if (cursor.i32() != END_64) {
          throw cursor.failure("the zip's 64-bit directory is not where it should be");
        }
        cursor.slice(28);
        count = cursor.i64();
        cursor.i64();
        offset = cursor.i64();
      }
    }
    cursor.seek(offset);
    // An entry takes 46 bytes at least: a larger count is a lie that reading would only find out
    // late.
    if (count < 0 || count > cursor.remaining() / 46) {
      throw cursor.failure("the zip claims %d entries".formatted(count));
    }
    for (long i = 0; i < count; i++) {
      readEntry(cursor);
    }
  }

  /**
   * The end record lies before a comment of any length: the last signature whose comment reaches
   * the file's end.
   */
  private long findEnd(Cursor cursor) {
    long last = file.byteSize() - END_BYTES;
    for (long at = last; at >= 0 && at >= last - MAX_COMMENT; at--) {
      cursor.seek(at);
      if (cursor.i32() == END) {
        cursor.seek(at + 20);
        if (cursor.u16() == last - at) {
          return at;
        }
      }
    }
    throw new CheckpointException(path, "the zip is truncated: it has no directory at its end");
  }

  private void readEntry(Cursor cursor) {
    if (cursor.i32() != CENTRAL) {
      throw cursor.failure("the zip's directory is damaged");
    }
    cursor.i32();
    int flags = cursor.u16();
    int method = cursor.u16();
    cursor.i64();
    long compressed = cursor.u32();
    long size = cursor.u32();
    int nameLength = cursor.u16();
    int extraLength = cursor.u16();
    int commentLength = cursor.u16();
    cursor.i64();
    long offset = cursor.u32();
    String name = cursor.text(nameLength, 0xffff);
    Cursor extra = new Cursor(path, cursor.slice(extraLength));
    cursor.slice(commentLength);
    while (extra.remaining() >= 4) {
      int id = extra.u16();
      Cursor field = new Cursor(path, extra.slice(extra.u16()));
      if (id == 1) {
        size = size == IN_EXTRA ? field.i64() : size;
        compressed = compressed == IN_EXTRA ? field.i64() : compressed;
        offset = offset == IN_EXTRA ? field.i64() : offset;
      }
    }
    if (size < 0 || offset < 0 || size > file.byteSize() || offset > file.byteSize()) {
      throw cursor.failure("the entry %s lies outside the file".formatted(name));
    }
    if (entries.put(name, new Entry(flags, method, compressed, size, offset)) != null) {
      throw cursor.failure("the zip has two entries named %s".formatted(name));
    }
  }
}
