package io.panamba.runtime.oracle;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import java.lang.foreign.ValueLayout;

/** The elements of tensors, float32 or bfloat16, and choices of them. */
public final class Floats {
  private Floats() {}

  /**
   * Copies a tensor.
   *
   * @param tensor float32 or bfloat16, or null
   * @return its elements, last axis fastest; null of null
   */
  public static float[] of(Tensor tensor) {
    if (tensor == null || tensor.dtype() != DType.BF16) {
      return tensor == null ? null : tensor.toFloats();
    }
    short[] bits = tensor.segment().toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
    float[] values = new float[bits.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(bits[i] << 16);
    }
    return values;
  }

  /**
   * Copies columns.
   *
   * @param columns of a tensor, or null
   * @return the chosen elements, row after row; null of null
   */
  public static float[] of(Columns columns) {
    return columns == null ? null : of(columns, of(columns.tensor()));
  }

  /**
   * Chooses columns of other content of the same tensor.
   *
   * @param columns which
   * @param content all elements
   * @return the chosen elements, row after row
   */
  public static float[] of(Columns columns, float[] content) {
    int count = Math.toIntExact(columns.count());
    int stride = Math.toIntExact(columns.rowStride());
    float[] chosen = new float[content.length / stride * count];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = content[i / count * stride + Math.toIntExact(columns.first()) + i % count];
    }
    return chosen;
  }

  /**
   * Copies rows.
   *
   * @param columns of a tensor (batch, length, ...)
   * @param rows which, of every image
   * @return (batch, rows, columns)
   */
  public static float[] rows(Columns columns, int... rows) {
    float[] all = of(columns);
    int width = Math.toIntExact(columns.count());
    int length = Math.toIntExact(columns.tensor().shape().size(1));
    int batch = all.length / (length * width);
    float[] chosen = new float[batch * rows.length * width];
    for (int i = 0; i < batch * rows.length; i++) {
      int row = i / rows.length * length + rows[i % rows.length];
      System.arraycopy(all, row * width, chosen, i * width, width);
    }
    return chosen;
  }

  /**
   * Rounds to bfloat16, to nearest even.
   *
   * @param value a finite number
   * @return the nearest that bfloat16 holds
   */
  public static float toBfloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
  }

  /** An element, 0 where there are none. */
  static float at(float[] values, int i) {
    return values == null ? 0 : values[i];
  }
}
