package io.panamba.model.task;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;

/**
 * A number for each place of a grid over an image, row by row.
 *
 * @param height rows
 * @param width places of a row
 * @param values {@code height * width} numbers, from 0
 */
public record HeatMap(int height, int width, float[] values) {
  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if there are more or less numbers
   */
  public HeatMap {
    if (height < 1 || width < 1 || values.length != (long) height * width) {
      throw new IllegalArgumentException(
          "a map of %d x %d has as many numbers, not %d".formatted(height, width, values.length));
    }
  }

  /**
   * Scales the numbers.
   *
   * @return a map whose largest number is 1, or 0 if all are
   */
  public HeatMap scaled() {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, value);
    }
    float[] scaled = new float[values.length];
    for (int i = 0; largest > 0 && i < scaled.length; i++) {
      scaled[i] = values[i] / largest;
    }
    return new HeatMap(height, width, scaled);
  }

  /**
   * Copies the numbers off the heap.
   *
   * @param owner of the tensor
   * @return float32 (height, width)
   */
  public Tensor tensor(Arena owner) {
    return Tensor.of(owner, Shape.of(height, width), values);
  }
}
