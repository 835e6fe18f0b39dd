package io.panamba.model.training;

import io.panamba.model.weights.RandomWeights;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Random numbers without a state that would have to be saved: for every purpose and count a
 * generator of its own, of a seed that is hashed from them.
 */
final class Draws {
  /** What numbers are drawn for. */
  enum Purpose {
    /** Which images are held out. */
    SPLIT(1),
    /** The order of images, per epoch. */
    ORDER(2),
    /** How an image is changed, per epoch and image. */
    AUGMENTATION(3),
    /** Which layers are dropped, per step. */
    DROP_PATH(4);

    private final long number;

    Purpose(long number) {
      this.number = number;
    }
  }

  private static final RandomGeneratorFactory<RandomGenerator> FACTORY =
      RandomGeneratorFactory.of(RandomWeights.GENERATOR);

  private Draws() {}

  /**
   * Returns a generator.
   *
   * @param seed of a run
   * @param purpose of the numbers
   * @param counts such as epoch and image
   */
  static RandomGenerator of(long seed, Purpose purpose, long... counts) {
    long hash = mix(seed + purpose.number);
    for (long count : counts) {
      hash = mix(hash ^ mix(count + 1));
    }
    return FACTORY.create(hash);
  }

  /** SplitMix64's finaliser (Steele, Lea and Flood, 2014), after its increment. */
  private static long mix(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
