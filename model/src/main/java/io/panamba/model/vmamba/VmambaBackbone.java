package io.panamba.model.vmamba;

import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.StageOutput;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.weights.Weight;
import java.util.List;

/**
 * A VMamba below the head of a dense task: a map of every stage. The norm of every stage is read,
 * and not that of the network.
 */
public final class VmambaBackbone implements Backbone {
  private final VmambaConfig config;
  private final VmambaNetwork network;

  private VmambaBackbone(VmambaConfig config, VmambaNetwork network) {
    this.config = config;
    this.network = network;
  }

  /**
   * Declares a backbone.
   *
   * @param config of the network
   * @param prefix of its weights' keys
   * @return the backbone
   */
  public static VmambaBackbone of(VmambaConfig config, String prefix) {
    return new VmambaBackbone(config, new VmambaNetwork(VmambaWeights.below(config, prefix)));
  }

  @Override
  public String title() {
    return Vmamba.FAMILY.title();
  }

  @Override
  public VmambaConfig config() {
    return config;
  }

  @Override
  public List<Weight> weights() {
    return network.weights();
  }

  /** All but the norms of the maps, which a classifier lacks. */
  @Override
  public List<Weight> shared() {
    return weights().stream().filter(weight -> !weight.key().contains(".outnorm")).toList();
  }

  @Override
  public List<FeatureMap> maps() {
    return config.stageOutputs().stream().map(VmambaBackbone::map).toList();
  }

  private static FeatureMap map(StageOutput stage) {
    return new FeatureMap(stage.channels(), stage.grid());
  }

  @Override
  public VmambaBackbone withImage(ImageSize image) {
    return new VmambaBackbone(config.withImage(image), network);
  }

  @Override
  public List<Value> write(Graph graph) {
    List<Value> maps = network.maps(graph, config);
    graph.endBackbone();
    return maps;
  }

  /** Writes all that tells it from others: states of trainings are compared by it. */
  @Override
  public String toString() {
    return config.toString();
  }
}
