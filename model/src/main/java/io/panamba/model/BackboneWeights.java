package io.panamba.model;

import io.panamba.model.Architectures.Recognised;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;

/** Weights of a classifier for the backbone below a head. */
final class BackboneWeights {
  private static final String PREFIX = "backbone.";

  private BackboneWeights() {}

  /**
   * Puts a classifier's weights in the place of those that were drawn: its position embedding
   * fitted to the grid, without rows of class tokens.
   *
   * @param weights of the whole, under the published keys
   * @param owner of the tensors
   */
  static <C extends NetworkConfig> void put(
      Map<String, Tensor> weights,
      Blueprint<C> blueprint,
      C config,
      Recognised<?> classifier,
      Arena owner) {
    if (blueprint.backbone().isEmpty()) {
      throw new IllegalArgumentException("the network is no head over a backbone");
    }
    for (Weight weight : blueprint.backbone()) {
      String key = weight.key().substring(PREFIX.length());
      StoredTensor stored =
          classifier
              .checkpoint()
              .find(key)
              .orElseThrow(
                  () ->
                      new WeightsException(
                          "%s has no %s; expected a classifier like the network's backbone"
                              .formatted(classifier.checkpoint().path(), key)));
      boolean positions = blueprint.positions().filter(weight::equals).isPresent();
      boolean fits =
          positions
              ? stored.shape().size(-1) == weight.shape().size(-1)
              : stored.shape().equals(weight.shape());
      if (!fits) {
        throw new WeightsException(
            "%s: %s is %s; the network's backbone has %s"
                .formatted(classifier.checkpoint().path(), key, stored.shape(), weight.shape()));
      }
      if (weights.containsKey(weight.key())) {
        float[] values =
            positions
                ? blueprint.fitPositions(config, patches(classifier, stored))
                : stored.toFloats();
        weights.put(weight.key(), Tensor.of(owner, weight.shape(), values));
      }
    }
  }

  /** The rows of a square grid of patches, without those of class tokens beside it. */
  private static <B extends NetworkConfig> float[] patches(
      Recognised<B> classifier, StoredTensor stored) {
    Architecture<B> family = classifier.family();
    B config = classifier.read(Settings.none());
    int rows = (int) (stored.shape().elements() / stored.shape().size(-1));
    int side = (int) Math.sqrt(rows);
    return family.blueprint(config).patchPositions(config, stored.toFloats(), side, side);
  }
}
