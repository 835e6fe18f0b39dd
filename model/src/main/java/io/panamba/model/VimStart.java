package io.panamba.model;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** Weights to go on training from: those of a checkpoint, fitted to other classes and images. */
public final class VimStart {
  private static final String POSITIONS = "pos_embed";
  private static final String HEAD = "head.weight";

  private VimStart() {}

  /**
   * Copies a checkpoint's weights. For another image size the position embedding is interpolated;
   * for another number of classes the head is drawn anew, as {@link VimInitializer} does, with a
   * bias of zero.
   *
   * @param checkpoint the weights under the keys of the original state dict
   * @param config of the network to be trained: {@link VimConfig#of} of the checkpoint, with the
   *     wanted classes
   * @param seed of a new head
   * @param arena the owner of the tensors
   * @return float32 tensors by key, in the order of the checkpoint
   * @throws WeightsException if the checkpoint has no square grid of positions
   * @throws io.panamba.model.checkpoint.CheckpointException if the file has changed since it was
   *     opened, or takes more memory than there is
   * @throws IllegalArgumentException if the patches of the wanted images are no square grid, which
   *     is the only one that a checkpoint can tell
   */
  public static SequencedMap<String, Tensor> of(
      Checkpoint checkpoint, VimConfig config, long seed, Arena arena) {
    VimInitializer.requireSquareGrid(config);
    return FileMemory.guard(checkpoint.path(), () -> copy(checkpoint, config, seed, arena));
  }

  private static SequencedMap<String, Tensor> copy(
      Checkpoint checkpoint, VimConfig config, long seed, Arena arena) {
    SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
    Checkpoint fitting = VimKeys.reading(checkpoint);
    for (String key : fitting.keys()) {
      if (fitting.isBeside(key) && !VimKeys.isKnown(key)) {
        continue;
      }
      StoredTensor stored = fitting.find(key).orElseThrow();
      if (key.equals(POSITIONS) && stored.shape().size(1) != config.length()) {
        weights.put(key, positions(stored.toFloats(), config, arena));
      } else {
        weights.put(key, Tensor.of(arena, stored.shape(), stored.toFloats()));
      }
    }
    Tensor head = weights.get(HEAD);
    if (head == null || head.shape().size(0) != config.classes()) {
      weights.put(HEAD, VimInitializer.head(config.classes(), config.dim(), seed, arena));
      weights.put("head.bias", Tensor.allocate(arena, DType.F32, Shape.of(config.classes())));
    }
    return weights;
  }

  private static Tensor positions(float[] trained, VimConfig config, Arena arena) {
    Tensor fitted = Tensor.allocate(arena, DType.F32, Shape.of(config.length(), config.dim()));
    new PositionEmbedding(
            trained,
            config.dim(),
            config.classToken(),
            config.gridHeight(),
            config.gridWidth(),
            config.positionInterpolation())
        .write(0, fitted);
    return fitted.reshape(Shape.of(1, config.length(), config.dim()));
  }
}
