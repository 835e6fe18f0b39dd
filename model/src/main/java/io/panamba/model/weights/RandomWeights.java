package io.panamba.model.weights;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Weights before training: the same seed, the same bits on every machine. */
public final class RandomWeights {
  /** The generator of random numbers, as {@link RandomGeneratorFactory#of} knows it. */
  public static final String GENERATOR = "L64X128MixRandom";

  private RandomWeights() {}

  /**
   * Draws weights in their order.
   *
   * @param weights of a network
   * @param seed of the random numbers
   * @param arena the owner of the tensors
   * @return float32 tensors under the published keys
   */
  public static SequencedMap<String, Tensor> draw(List<Weight> weights, long seed, Arena arena) {
    RandomGenerator random = RandomGeneratorFactory.of(GENERATOR).create(seed);
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    for (Weight weight : weights) {
      if (weight.learning() != Weight.Learning.NONE) {
        tensors.put(weight.key(), draw(weight, random, arena));
      }
    }
    return Collections.unmodifiableSequencedMap(tensors);
  }

  /** Draws one weight, from the beginning of a seed's numbers. */
  static Tensor draw(Weight weight, long seed, Arena arena) {
    return draw(weight, RandomGeneratorFactory.of(GENERATOR).create(seed), arena);
  }

  private static Tensor draw(Weight weight, RandomGenerator random, Arena arena) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, weight.shape());
    MemorySegment segment = tensor.segment();
    for (long i = 0; i < weight.elements(); i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) weight.draw().next(random, i));
    }
    return tensor;
  }
}
