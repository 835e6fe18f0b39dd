package io.panamba.model.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The entries of a zip, with Zip64 (PKWARE APPNOTE 6.3): unencrypted ones, stored as PyTorch does,
 * or deflated as they are after a zip has been made anew. Names are keys and never paths.
 */
final class ZipDirectory {
  private static final int END = 0x06054b50;
  private static final int END_64 = 0x06064b50;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_BYTES = 30;
  private static final int END_BYTES = 22;
  private static final int LOCATOR_BYTES = 20;
  private static final int MAX_COMMENT = 0xffff;
  private static final int ENCRYPTED = 1;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final long IN_EXTRA = 0xffff_ffffL;

  /** Bytes that come out of one, at most (RFC 1951). */
  private static final long DEFLATE_RATIO = 1032;

  private static final int PIECE = 1 << 16;

  private record Entry(int flags, int method, long compressed, long size, long offset) {}

  private final Path path;
  private final Bytes file;
  private final Arena arena;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, Bytes> contents = new HashMap<>();
  private long compressedBytes;
  private long inflatedBytes;

  private ZipDirectory(Path path, Bytes file, Arena arena) {
    this.path = path;
    this.file = file;
    this.arena = arena;
  }

  /**
   * Reads the directory.
   *
   * @param arena the owner of what is inflated
   */
  static ZipDirectory read(Path path, Bytes file, Arena arena) {
    ZipDirectory directory = new ZipDirectory(path, file, arena);
    directory.readEntries();
    return directory;
  }

  Set<String> names() {
    return entries.keySet();
  }

  boolean has(String name) {
    return entries.containsKey(name);
  }

  /** Returns an entry's bytes: in the file, or inflated. Each entry is looked for once. */
  Bytes content(String name) {
    Bytes content = contents.get(name);
    if (content == null) {
      content = find(name);
      contents.put(name, content);
    }
    return content;
  }

  private Bytes find(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new CheckpointException(path, "the zip has no entry " + name);
    }
    if ((entry.flags() & ENCRYPTED) != 0) {
      throw new CheckpointException(path, "the entry %s is encrypted".formatted(name));
    }
    Bytes stored = stored(name, entry);
    return switch (entry.method()) {
      case STORED -> {
        if (entry.compressed() != entry.size()) {
          throw new CheckpointException(
              path, "the entry %s is stored, and yet has two sizes".formatted(name));
        }
        yield stored;
      }
      case DEFLATED -> inflate(name, stored, entry.size());
      default ->
          throw new CheckpointException(
              path,
              "the entry %s is compressed by method %d; stored and deflated ones are read"
                  .formatted(name, entry.method()));
    };
  }

  private Bytes stored(String name, Entry entry) {
    Cursor cursor = new Cursor(path, file);
    cursor.seek(entry.offset());
    // A cursor of its own, since one reads on: entries may be many and share a header.
    Cursor header = new Cursor(path, cursor.slice(LOCAL_BYTES));
    if (header.i32() != LOCAL) {
      throw cursor.failure("the entry %s is not where the zip's directory says".formatted(name));
    }
    header.slice(22);
    int nameLength = header.u16();
    int extraLength = header.u16();
    cursor.slice((long) nameLength + extraLength);
    return cursor.slice(entry.compressed());
  }

  private Bytes inflate(String name, Bytes compressed, long size) {
    // Entries may overlap, and empty blocks give no bytes: what goes in is work as well.
    compressedBytes += compressed.size();
    if (compressedBytes > file.size()) {
      throw new CheckpointException(
          path, "the entry %s shares its bytes with others".formatted(name));
    }
    inflatedBytes += size;
    if (size / DEFLATE_RATIO > compressed.size()
        || inflatedBytes > Limits.of(file.size(), Limits.INFLATION)) {
      throw new CheckpointException(
          path,
          "the entry %s of %d bytes claims to hold %d: more than makes sense"
              .formatted(name, compressed.size(), size));
    }
    MemorySegment target = arena.allocate(size);
    Inflater inflater = new Inflater(true);
    try {
      long taken = 0;
      long done = 0;
      // One more than there should be tells an entry that holds too much.
      byte[] out = new byte[(int) Math.min(PIECE, size + 1)];
      while (!inflater.finished()) {
        if (inflater.needsInput()) {
          int count = (int) Math.min(PIECE, compressed.size() - taken);
          if (count == 0) {
            throw damaged(name, "its data end early");
          }
          inflater.setInput(compressed.array(taken, count));
          taken += count;
        }
        int count = inflater.inflate(out);
        if (inflater.needsDictionary() || count > size - done) {
          throw damaged(name, "it holds more than its size says");
        }
        MemorySegment.copy(MemorySegment.ofArray(out), 0, target, done, count);
        done += count;
      }
      if (done != size) {
        throw damaged(name, "it holds less than its size says");
      }
    } catch (DataFormatException e) {
      throw new CheckpointException(path, "the entry %s is damaged".formatted(name), e);
    } finally {
      inflater.end();
    }
    return Bytes.of(target);
  }

  private CheckpointException damaged(String name, String how) {
    return new CheckpointException(path, "the entry %s is damaged: %s".formatted(name, how));
  }

  private void readEntries() {
    Cursor cursor = new Cursor(path, file);
    long end = findEnd();
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
  private long findEnd() {
    long start = Math.max(0, file.size() - END_BYTES - MAX_COMMENT);
    ByteBuffer tail =
        ByteBuffer.wrap(file.array(start, (int) (file.size() - start)))
            .order(ByteOrder.LITTLE_ENDIAN);
    int last = tail.capacity() - END_BYTES;
    for (int at = last; at >= 0; at--) {
      if (tail.getInt(at) == END && Short.toUnsignedInt(tail.getShort(at + 20)) == last - at) {
        return start + at;
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
    if (size < 0 || compressed < 0 || offset < 0 || offset > file.size()) {
      throw cursor.failure("the entry %s lies outside the file".formatted(name));
    }
    if (entries.put(name, new Entry(flags, method, compressed, size, offset)) != null) {
      throw cursor.failure("the zip has two entries named %s".formatted(name));
    }
  }
}
