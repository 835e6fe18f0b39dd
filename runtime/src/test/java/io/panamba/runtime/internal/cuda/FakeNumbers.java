package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.DType;
import io.panamba.runtime.internal.struct.Codes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Numbers at an address: float32 or bfloat16. */
final class FakeNumbers {
  private final MemorySegment memory;
  private final boolean halved;

  FakeNumbers(MemorySegment pointer, boolean halved) {
    this.memory = pointer.reinterpret(Long.MAX_VALUE);
    this.halved = halved;
  }

  static FakeNumbers of(MemorySegment pointer, int type) {
    return new FakeNumbers(pointer, type == Codes.of(DType.BF16));
  }

  float get(long index) {
    return halved
        ? Float.intBitsToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, index) << 16)
        : memory.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  /** Rounds to nearest even. */
  void set(long index, float value) {
    if (halved) {
      int bits = Float.floatToRawIntBits(value);
      int rounded = bits + 0x7fff + (bits >>> 16 & 1);
      memory.setAtIndex(ValueLayout.JAVA_SHORT, index, (short) (rounded >>> 16));
    } else {
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }
  }
}
