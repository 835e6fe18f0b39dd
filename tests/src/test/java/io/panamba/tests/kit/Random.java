package io.panamba.tests.kit;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;

/** Random tensors. */
public final class Random {
  private Random() {}

  /**
   * Draws numbers.
   *
   * @param random where from
   * @param count how many
   * @return uniform in -1 to 1
   */
  public static float[] floats(RandomGenerator random, long count) {
    float[] values = new float[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat(-1, 1);
    }
    return values;
  }

  /**
   * Draws a tensor.
   *
   * @param arena its owner
   * @param random where from
   * @param sizes its shape
   * @return elements uniform in -1 to 1
   */
  public static Tensor tensor(Arena arena, RandomGenerator random, long... sizes) {
    Shape shape = Shape.of(sizes);
    return Tensor.of(arena, shape, floats(random, shape.elements()));
  }
}
