package io.panamba.model.weights;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** A checkpoint's weights, made to start a training with other classes or images of other sizes. */
public final class FittedWeights {
  private FittedWeights() {}

  /**
   * Fits a checkpoint's weights to a network. A head that the checkpoint lacks, or has for other
   * classes, is drawn. What is missing or can't be fitted is left to who trains it to refuse.
   *
   * @param checkpoint with the keys of the network's family
   * @param weights of the network that will be trained
   * @param isKnown tells keys of the family from what only lies beside a network
   * @param fit makes elements of a stored tensor of another shape, or none
   * @param heads keys of what is drawn where it does not fit
   * @param seed for what is drawn
   * @param arena the owner of the tensors
   * @return float32 tensors under the published keys, in the checkpoint's order
   */
  public static SequencedMap<String, Tensor> of(
      Checkpoint checkpoint,
      List<Weight> weights,
      Predicate<String> isKnown,
      BiFunction<Weight, StoredTensor, Optional<float[]>> fit,
      Set<String> heads,
      long seed,
      Arena arena) {
    Map<String, Weight> wanted =
        weights.stream().collect(Collectors.toMap(Weight::key, Function.identity()));
    SequencedMap<String, Tensor> fitted = new LinkedHashMap<>();
    for (String key : checkpoint.keys()) {
      if (checkpoint.isBeside(key) && !isKnown.test(key)) {
        continue;
      }
      StoredTensor stored = checkpoint.find(key).orElseThrow();
      Weight weight = wanted.get(key);
      boolean fits = weight == null || weight.shape().equals(stored.shape());
      if (!fits && heads.contains(key)) {
        continue;
      }
      Optional<float[]> values = fits ? Optional.empty() : fit.apply(weight, stored);
      fitted.put(
          key,
          values.isPresent()
              ? Tensor.of(arena, weight.shape(), values.get())
              : Tensor.of(arena, stored.shape(), stored.toFloats()));
    }
    for (Weight weight : weights) {
      if (heads.contains(weight.key()) && !fitted.containsKey(weight.key())) {
        fitted.put(weight.key(), RandomWeights.draw(weight, seed, arena));
      }
    }
    return fitted;
  }
}
