package io.panamba.model.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Zstandard frames that no encoder would write. */
final class ZstandardFrames {
  private static final int MAGIC = 0xFD2FB528;
  private static final int EMPTY = 9;
  private static final int MAX_BLOCK = 1 << 17;

  private ZstandardFrames() {}

  /** Returns frames of no bytes, nine bytes each. */
  static byte[] empty(int count) {
    ByteBuffer out = ByteBuffer.allocate(EMPTY * count).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      // Without a size; the smallest window; an empty raw block, which is the last.
      out.putInt(MAGIC).put((byte) 0).put((byte) 0).put((byte) 1).putShort((short) 0);
    }
    return out.array();
  }

  /** Returns one frame of one byte, repeated: four bytes for each 128 KB. */
  static byte[] run(int length, byte value) {
    int blocks = Math.ceilDiv(length, MAX_BLOCK);
    ByteBuffer out = ByteBuffer.allocate(6 + 4 * blocks).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).put((byte) 0).put((byte) 0x50);
    for (int left = length; left > 0; left -= MAX_BLOCK) {
      int head = Math.min(left, MAX_BLOCK) << 3 | 1 << 1 | (left <= MAX_BLOCK ? 1 : 0);
      out.put((byte) head).put((byte) (head >> 8)).put((byte) (head >> 16)).put(value);
    }
    return out.array();
  }
}
