package io.panamba.model.vim;

import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Program;
import io.panamba.model.architecture.StreamOptions;
import io.panamba.model.architecture.StreamedProgram;
import io.panamba.model.architecture.Streaming;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.block.SharedPositions;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.CountingArena;
import io.panamba.model.graph.DeviceMemory;
import io.panamba.model.vim.VimWeights.Layer;
import io.panamba.model.vim.VimWeights.NormWeights;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.Device;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import java.util.List;

/** A Vim network whose weights are on a device. */
final class LoadedVim implements Streaming {
  private final VimConfig config;
  private final VimWeights keys;
  private final LoadedWeights weights;
  private final Device device;
  private final Tensor classTokens;

  /** Null if there is no position embedding. */
  private final SharedPositions positions;

  LoadedVim(VimConfig config, LoadedWeights weights, DeviceMemory memory) {
    this.config = config;
    this.keys = VimWeights.of(config);
    this.weights = weights;
    this.device = memory.device();
    this.classTokens = classTokens(memory);
    this.positions =
        keys.positions() == null
            ? null
            : new SharedPositions(
                (height, width) ->
                    config.fitPositions(weights.numbers(keys.positions()), height, width));
  }

  private Tensor classTokens(DeviceMemory memory) {
    List<Weight> tokens = keys.classTokens();
    if (tokens.isEmpty()) {
      return null;
    }
    int dim = config.sizes().dim();
    float[] rows = new float[tokens.size() * dim];
    for (int i = 0; i < tokens.size(); i++) {
      System.arraycopy(weights.numbers(tokens.get(i)), 0, rows, i * dim, dim);
    }
    return memory.of(Shape.of(tokens.size(), dim), rows);
  }

  @Override
  public VimConfig config() {
    return config;
  }

  @Override
  public Program write(InferenceOptions options, DeviceMemory memory) {
    VimConfig sized = config.withImage(new ImageSize(options.height(), options.width()));
    Tensor shared =
        positions == null ? null : positions.lend(sized.gridHeight(), sized.gridWidth(), memory);
    return new VimNetwork(this, sized, options, shared, memory).program();
  }

  @Override
  public StreamedProgram stream(StreamOptions options, CountingArena arena) {
    VimConfig sized = config.withImage(new ImageSize(options.height(), options.width()));
    if (device.hasOwnMemory()) {
      throw new IllegalArgumentException(
          "a streamed inference works in the host's memory, tile by tile; open the network on a"
              + " processor, not on "
              + device.description());
    }
    if (!LayerSweeps.canSweep(sized)) {
      throw new IllegalArgumentException(
          "networks with a rotary embedding or with layers in pairs need whole sequences; plan an"
              + " ordinary inference");
    }
    if (sized.keepsEveryToken()) {
      throw new IllegalArgumentException(
          "with pooling 'max' or 'all' features are those of every token; a streamed inference"
              + " gives one vector");
    }
    if (options.logits() && keys.head() == null) {
      throw new WeightsException("logits are wanted, but the checkpoint has no head.weight");
    }
    PositionEmbedding fitted =
        positions == null ? null : positions.fit(sized.gridHeight(), sized.gridWidth());
    return new VimStream(this, sized, fitted, device, options, arena);
  }

  Mixer mixer(VimConfig sized) {
    return new Mixer(sized, weights);
  }

  List<Layer> layers() {
    return keys.layers();
  }

  NormWeights finalNorm() {
    return keys.finalNorm();
  }

  PackedMatrix projection() {
    return weights.matrix(keys.projection());
  }

  Tensor projectionBias() {
    return weights.tensor(keys.projectionBias());
  }

  /** (tokens, dim) or null. */
  Tensor classTokens() {
    return classTokens;
  }

  RotaryEmbedding.Tables rotary() {
    return new RotaryEmbedding.Tables(
        weights.numbers(keys.rotaryCos()), weights.numbers(keys.rotarySin()));
  }

  /** Null without a head. */
  PackedMatrix head() {
    return keys.head() == null ? null : weights.matrix(keys.head());
  }

  Tensor headBias() {
    return weights.tensor(keys.headBias());
  }

  /** The places of the class tokens for a number of patches. */
  static ClassIndex classIndex(VimConfig config) {
    return config.classToken() == ClassToken.NONE
        ? ClassIndex.NONE
        : ClassIndex.of(config.classToken().places(config.patches()));
  }
}
