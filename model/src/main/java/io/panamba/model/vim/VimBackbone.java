package io.panamba.model.vim;

import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Grid;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A Vim below the head of a dense task: maps of one size, from several depths (Vim section 4.2). It
 * has no class token, and its final norm is not used.
 */
public final class VimBackbone implements Backbone {
  private final VimConfig config;
  private final VimNetwork network;
  private final List<Integer> layers;
  private final boolean stream;

  private VimBackbone(VimConfig config, VimNetwork network, List<Integer> layers, boolean stream) {
    this.config = config;
    this.network = network;
    this.layers = layers;
    this.stream = stream;
  }

  /**
   * Declares a backbone.
   *
   * @param config of the network
   * @param prefix of its weights' keys
   * @param layers from which maps are taken, ascending, the last layer included
   * @param stream whether a map is the residual stream behind a layer, as the next layer finds it;
   *     or else the output of the layer's mixer alone
   * @return the backbone
   * @throws WeightsException if the network has class tokens, or pairs of layers
   */
  public static VimBackbone of(
      VimConfig config, String prefix, List<Integer> layers, boolean stream) {
    if (config.classToken() != ClassToken.NONE) {
      throw new WeightsException(
          "%s has class tokens; a network that gives maps has none".formatted(prefix));
    }
    if (config.has(VimTrait.LAYER_BIDIRECTIONAL)) {
      throw new WeightsException("layers in pairs (if_bidirectional) give no maps");
    }
    if (layers.isEmpty() || layers.getLast() != config.depth() - 1) {
      throw new WeightsException(
          "maps are taken from the layers %s of %d".formatted(layers, config.depth()));
    }
    return new VimBackbone(
        config, new VimNetwork(VimWeights.below(config, prefix)), List.copyOf(layers), stream);
  }

  @Override
  public String title() {
    return Vim.FAMILY.title();
  }

  @Override
  public VimConfig config() {
    return config;
  }

  /**
   * Tells whether maps are the residual stream.
   *
   * @return false if they are outputs of mixers
   */
  public boolean isOfStream() {
    return stream;
  }

  @Override
  public List<Weight> weights() {
    return network.weights();
  }

  @Override
  public Optional<Weight> positions() {
    return network.positions();
  }

  @Override
  public PositionEmbedding fitPositions(float[] trained, int height, int width) {
    return config.fitPositions(trained, height, width);
  }

  @Override
  public List<FeatureMap> maps() {
    Grid grid = new Grid(config.gridHeight(), config.gridWidth());
    return Collections.nCopies(layers.size(), new FeatureMap(config.width(), grid));
  }

  @Override
  public VimBackbone withImage(ImageSize image) {
    return new VimBackbone(config.withImage(image), network, layers, stream);
  }

  @Override
  public List<Value> write(Graph graph) {
    List<Value> maps = network.maps(graph, config, layers, stream);
    graph.endBackbone();
    return maps;
  }

  /** Writes all that tells it from others: states of trainings are compared by it. */
  @Override
  public String toString() {
    return "%s, %s of layers %s".formatted(config, stream ? "stream" : "mixers", layers);
  }
}
