package io.panamba.runtime.internal.library;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether a file is a whole ELF shared library for 64-bit little-endian machines (System V ABI,
 * chapter 4 and 5). The dynamic linker maps segments without comparing them with the file's size,
 * and a truncated file ends the process by a bus error.
 */
public final class ElfFile {
  private static final int HEADER_BYTES = 64;
  private static final int ENTRY_BYTES = 56;
  private static final int MAGIC = 0x464c457f;
  private static final int CLASS_64 = 2;
  private static final int LITTLE_ENDIAN = 1;
  private static final int SHARED_OBJECT = 3;
  private static final int LOADED_SEGMENT = 1;

  private static final int CLASS_AT = 4;
  private static final int DATA_AT = 5;
  private static final int TYPE_AT = 16;
  private static final int ENTRIES_AT = 32;
  private static final int ENTRY_SIZE_AT = 54;
  private static final int ENTRY_COUNT_AT = 56;
  private static final int SEGMENT_OFFSET_AT = 8;
  private static final int SEGMENT_SIZE_AT = 32;

  private ElfFile() {}

  /** Throws a refusal if the dynamic linker can't safely be given the file. */
  public static void check(Path file) throws Refusal {
    // A stream and no channel, which an interrupt would close.
    try (InputStream in = Files.newInputStream(file)) {
      check(in, Files.size(file));
    } catch (IOException e) {
      throw Refusal.of("it can't be read", e);
    }
  }

  private static void check(InputStream in, long size) throws IOException, Refusal {
    ByteBuffer header = read(in, HEADER_BYTES);
    if (header.remaining() < HEADER_BYTES || header.getInt(0) != MAGIC) {
      throw new Refusal("it is not a shared library (no ELF header)");
    }
    if (header.get(CLASS_AT) != CLASS_64 || header.get(DATA_AT) != LITTLE_ENDIAN) {
      throw new Refusal("it is a library for another kind of processor");
    }
    if (header.getShort(TYPE_AT) != SHARED_OBJECT) {
      throw new Refusal("it is an ELF file, but not a shared library");
    }
    int entryBytes = Short.toUnsignedInt(header.getShort(ENTRY_SIZE_AT));
    int entryCount = Short.toUnsignedInt(header.getShort(ENTRY_COUNT_AT));
    long entriesAt = header.getLong(ENTRIES_AT);
    if (entryBytes != ENTRY_BYTES || entriesAt < HEADER_BYTES || entriesAt > size) {
      throw damaged(size);
    }
    in.skipNBytes(entriesAt - HEADER_BYTES);
    ByteBuffer entries = read(in, entryBytes * entryCount);
    if (entries.remaining() < entryBytes * entryCount) {
      throw damaged(size);
    }
    for (int entry = 0; entry < entries.limit(); entry += entryBytes) {
      long offset = entries.getLong(entry + SEGMENT_OFFSET_AT);
      long bytes = entries.getLong(entry + SEGMENT_SIZE_AT);
      if (entries.getInt(entry) == LOADED_SEGMENT
          && (offset < 0 || bytes < 0 || offset > size || bytes > size - offset)) {
        throw damaged(size);
      }
    }
  }

  private static Refusal damaged(long size) {
    return new Refusal("it is truncated or damaged (%d bytes)".formatted(size));
  }

  /** The next bytes, fewer where the file ends. */
  private static ByteBuffer read(InputStream in, int bytes) throws IOException {
    return ByteBuffer.wrap(in.readNBytes(bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
