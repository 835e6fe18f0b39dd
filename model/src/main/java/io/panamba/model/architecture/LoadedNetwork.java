package io.panamba.model.architecture;

import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.block.SharedPositions;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Program;
import io.panamba.model.graph.Wanted;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.util.List;

/**
 * A network whose weights are on a device. Many threads may write programs of it.
 *
 * @param <C> what describes networks of the family
 */
public final class LoadedNetwork<C extends NetworkConfig> {
  /** A graph, and what it is for. */
  private record Written(ImageSize image, Wanted wanted, Graph graph) {}

  private final Architecture<C> family;
  private final C config;
  private final Blueprint<C> blueprint;
  private final LoadedWeights weights;
  private final Device device;

  /** The rows of {@link Blueprint#joined}, or null. */
  private final Tensor joined;

  /** Of what was planned last, or null. */
  private volatile Written written;

  /** Null if there is no position embedding. */
  private final SharedPositions positions;

  /**
   * Binds weights.
   *
   * @param family of the network
   * @param config of the network
   * @param blueprint of the network
   * @param weights all of its weights
   * @param memory for what is made of them; it lives as long as the network
   */
  public LoadedNetwork(
      Architecture<C> family,
      C config,
      Blueprint<C> blueprint,
      LoadedWeights weights,
      DeviceMemory memory) {
    this.family = family;
    this.config = config;
    this.blueprint = blueprint;
    this.weights = weights;
    this.device = memory.device();
    this.joined = join(blueprint.joined(), memory);
    this.positions =
        blueprint
            .positions()
            .map(
                weight ->
                    new SharedPositions(
                        (height, width) ->
                            blueprint.fitPositions(config, weights.numbers(weight), height, width)))
            .orElse(null);
  }

  private Tensor join(List<Weight> rows, DeviceMemory memory) {
    if (rows.isEmpty()) {
      return null;
    }
    int width = Math.toIntExact(rows.getFirst().shape().size(-1));
    float[] all = new float[rows.size() * width];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(weights.numbers(rows.get(i)), 0, all, i * width, width);
    }
    return memory.of(Shape.of(rows.size(), width), all);
  }

  /**
   * Returns the network's description.
   *
   * @return the configuration
   */
  public C config() {
    return config;
  }

  /**
   * Returns what the network consists of.
   *
   * @return the blueprint
   */
  public Blueprint<C> blueprint() {
    return blueprint;
  }

  /**
   * Returns the weights.
   *
   * @return all of them
   */
  public LoadedWeights weights() {
    return weights;
  }

  /**
   * Returns where the network is.
   *
   * @return the device
   */
  public Device device() {
    return device;
  }

  /**
   * Returns the rows of {@link Blueprint#joined}.
   *
   * @return (rows, width), or null for none
   */
  public Tensor joined() {
    return joined;
  }

  /**
   * Describes the network for images of another size.
   *
   * @param height pixels
   * @param width pixels
   * @return the configuration
   */
  public C sized(int height, int width) {
    return family.withImage(config, new ImageSize(height, width));
  }

  /**
   * Fits the position embedding to a grid, for one user.
   *
   * @param height rows
   * @param width columns
   * @return the embedding, or null if there is none
   */
  public PositionEmbedding fitPositions(int height, int width) {
    return positions == null ? null : positions.fit(height, width);
  }

  /** The graph of the last plan, if it was for the same: pools plan the same many times. */
  private Graph graph(ImageSize image, Wanted wanted) {
    Written known = written;
    if (known == null || !known.wanted.equals(wanted) || !known.image.equals(image)) {
      Graph graph = Graph.of(wanted, weights::numbers);
      blueprint.write(graph, family.withImage(config, image));
      known = new Written(image, wanted, graph.finish(config.precision() == Precision.FP32));
      written = known;
    }
    return known.graph;
  }

  /**
   * Writes what an inference runs.
   *
   * @param options what is wanted
   * @param memory for input, activations and results; it lives as long as the program
   * @return the operations and their tensors
   */
  public Program write(InferenceOptions options, DeviceMemory memory) {
    Wanted wanted =
        new Wanted(
            options.batch(),
            options.tokens(),
            options.logits(),
            options.taps(),
            options.tile(),
            !device.hasOwnMemory());
    return Program.of(
        graph(new ImageSize(options.height(), options.width()), wanted),
        options.bytes() ? config.preprocessing().pixelValues() : null,
        config.precision().dtype(),
        weights,
        joined,
        fitted -> positions.lend(fitted.height(), fitted.width(), memory),
        memory);
  }
}
