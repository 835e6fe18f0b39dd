package io.panamba.runtime;

/**
 * Element types of tensors; names and widths are those of the safetensors format, all
 * little-endian.
 */
public enum DType {
  /** IEEE 754 binary32. */
  F32(4),
  /** IEEE 754 binary64. */
  F64(8),
  /** IEEE 754 binary16. */
  F16(2),
  /** The upper half of an IEEE 754 binary32. */
  BF16(2),
  /** Signed 64-bit integer. */
  I64(8),
  /** Signed 32-bit integer. */
  I32(4),
  /** Signed 16-bit integer. */
  I16(2),
  /** Signed 8-bit integer. */
  I8(1),
  /** Unsigned 8-bit integer. */
  U8(1),
  /** One byte, 0 or 1. */
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /**
   * Returns the size of an element.
   *
   * @return bytes
   */
  public int bytes() {
    return bytes;
  }

  /**
   * Tells whether the elements are floating-point numbers.
   *
   * @return true for F32, F64, F16 and BF16
   */
  public boolean isFloating() {
    return this == F32 || this == F64 || this == F16 || this == BF16;
  }
}
