package io.panamba.tests.kit;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;

/** Changes of a tensor's order. */
public final class Transpose {
  private Transpose() {}

  /**
   * Exchanges the last two axes.
   *
   * @param arena the owner of the result
   * @param shape of the values, at least two axes
   * @param values last axis fastest
   * @return the transposed tensor
   */
  public static Tensor lastAxes(Arena arena, Shape shape, float... values) {
    int rows = Math.toIntExact(shape.size(-2));
    int columns = Math.toIntExact(shape.size(-1));
    float[] transposed = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int column = i % columns;
      int row = i / columns % rows;
      int outer = i / (columns * rows);
      transposed[(outer * columns + column) * rows + row] = values[i];
    }
    long[] sizes = shape.toArray();
    sizes[sizes.length - 2] = columns;
    sizes[sizes.length - 1] = rows;
    return Tensor.of(arena, Shape.of(sizes), transposed);
  }

  /**
   * Reverses the middle one of three axes: the sequence as the backward direction sees it.
   *
   * @param arena the owner of the result
   * @param tensor (batch, length, channels)
   * @return the reversed tensor
   */
  public static Tensor reversed(Arena arena, Tensor tensor) {
    int length = Math.toIntExact(tensor.shape().size(1));
    int channels = Math.toIntExact(tensor.shape().size(2));
    float[] values = tensor.toFloats();
    float[] reversed = new float[values.length];
    for (int row = 0; row < values.length / channels; row++) {
      int mirrored = row / length * length + length - 1 - row % length;
      System.arraycopy(values, row * channels, reversed, mirrored * channels, channels);
    }
    return Tensor.of(arena, tensor.shape(), reversed);
  }
}
