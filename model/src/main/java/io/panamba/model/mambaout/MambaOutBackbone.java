package io.panamba.model.mambaout;

import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.FeatureMap;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.StageOutput;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.weights.Weight;
import java.util.List;

/** A MambaOut below the head of a dense task: a map of every stage. */
public final class MambaOutBackbone implements Backbone {
  private final MambaOutConfig config;
  private final MambaOutNetwork network;

  private MambaOutBackbone(MambaOutConfig config, MambaOutNetwork network) {
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
  public static MambaOutBackbone of(MambaOutConfig config, String prefix) {
    return new MambaOutBackbone(config, new MambaOutNetwork(MambaOutWeights.below(config, prefix)));
  }

  @Override
  public String title() {
    return MambaOut.FAMILY.title();
  }

  @Override
  public MambaOutConfig config() {
    return config;
  }

  @Override
  public List<Weight> weights() {
    return network.weights();
  }

  @Override
  public List<FeatureMap> maps() {
    return config.stageOutputs().stream().map(MambaOutBackbone::map).toList();
  }

  private static FeatureMap map(StageOutput stage) {
    return new FeatureMap(stage.channels(), stage.grid());
  }

  @Override
  public MambaOutBackbone withImage(ImageSize image) {
    return new MambaOutBackbone(config.withImage(image), network);
  }

  @Override
  public List<Value> write(Graph graph) {
    List<Value> maps = network.stages(graph, config);
    graph.endBackbone();
    return maps;
  }

  /** Writes all that tells it from others: states of trainings are compared by it. */
  @Override
  public String toString() {
    return config.toString();
  }
}
