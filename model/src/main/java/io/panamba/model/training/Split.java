package io.panamba.model.training;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Which images are trained on and which are held out.
 *
 * @param trained indices in a dataset, ascending
 * @param heldOut the others, ascending
 */
@SuppressWarnings("ArrayRecordComponent")
public record Split(int[] trained, int[] heldOut) {
  /**
   * Splits a dataset by a seed: the same part whatever else changes.
   *
   * @param size of the dataset
   * @param part that is held out, rounded to the nearest number of images
   * @param seed of the choice
   * @return the split
   */
  public static Split of(int size, double part, long seed) {
    int[] order = shuffled(size, Draws.of(seed, Draws.Purpose.SPLIT));
    int held = (int) Math.round(size * part);
    int[] heldOut = Arrays.copyOf(order, held);
    int[] trained = Arrays.copyOfRange(order, held, size);
    Arrays.sort(heldOut);
    Arrays.sort(trained);
    return new Split(trained, heldOut);
  }

  /** The numbers below a size in random order (Fisher and Yates). */
  static int[] shuffled(int size, RandomGenerator random) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
