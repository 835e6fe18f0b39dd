package io.panamba.model.image;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** Puts the checksums of PNG's chunks right: else nearly all that is made up would end at them. */
final class PngChecksums {
  private static final int FIRST_CHUNK = 8;
  private static final int NAME_BYTES = 4;

  private PngChecksums() {}

  /** Returns a copy with right checksums, as far as lengths lead to whole chunks. */
  static byte[] repair(byte[] file) {
    ByteBuffer chunks = ByteBuffer.wrap(file.clone());
    int at = FIRST_CHUNK;
    while (chunks.limit() - at >= Integer.BYTES) {
      int nameAt = at + Integer.BYTES;
      int length = chunks.getInt(at);
      long checksumAt = (long) nameAt + NAME_BYTES + length;
      if (length < 0 || checksumAt > chunks.limit() - Integer.BYTES) {
        break;
      }
      CRC32 sum = new CRC32();
      sum.update(file, nameAt, (int) checksumAt - nameAt);
      chunks.putInt((int) checksumAt, (int) sum.getValue());
      at = (int) checksumAt + Integer.BYTES;
    }
    return chunks.array();
  }
}
