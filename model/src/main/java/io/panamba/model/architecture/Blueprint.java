package io.panamba.model.architecture;

import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.graph.Graph;
import io.panamba.model.weights.Weight;
import java.util.List;
import java.util.Optional;

/**
 * What a network consists of: its weights, declared once, and its nodes, written once, for images
 * of any size. Immutable.
 *
 * @param <C> what describes networks of the family
 */
public interface Blueprint<C extends NetworkConfig> {
  /**
   * Lists the weights, each once, in the order in which they are drawn: that of the state dict.
   *
   * @return the weights
   */
  List<Weight> weights();

  /**
   * Lists the weights in the order in which training keeps them.
   *
   * @return all of {@link #weights}
   */
  default List<Weight> trained() {
    return weights();
  }

  /**
   * Lists weights that operations take as the rows of one matrix.
   *
   * @return class tokens, or nothing
   */
  default List<Weight> joined() {
    return List.of();
  }

  /**
   * Lists the weights of the backbone below a head: of all that is written before {@link
   * Graph#endBackbone}.
   *
   * @return some of {@link #trained}; none for a network that is no head over another
   */
  default List<Weight> backbone() {
    return List.of();
  }

  /**
   * Returns the weight that is fitted to the image's grid.
   *
   * @return the position embedding, or empty
   */
  default Optional<Weight> positions() {
    return Optional.empty();
  }

  /**
   * Fits the position embedding to a grid.
   *
   * @param config of the network
   * @param trained the elements of {@link #positions}
   * @param height rows of the grid
   * @param width columns of the grid
   * @return the embedding
   */
  default PositionEmbedding fitPositions(C config, float[] trained, int height, int width) {
    throw new IllegalStateException("there is no position embedding");
  }

  /**
   * Fits the position embedding to the network's own images.
   *
   * @param config of the network
   * @param trained the elements of the weight that it has for others
   * @return the elements of {@link #positions}
   */
  default float[] fitPositions(C config, float[] trained) {
    throw new IllegalStateException("there is no position embedding");
  }

  /**
   * Fits the position embedding to a grid, without rows of extra tokens.
   *
   * @param config of the network
   * @param trained the elements of {@link #positions}
   * @param height rows of the grid
   * @param width columns of the grid
   * @return (height * width, columns of a row)
   */
  default float[] patchPositions(C config, float[] trained, int height, int width) {
    return fitPositions(config, trained, height, width).patches();
  }

  /**
   * Writes the network.
   *
   * @param graph to be written
   * @param config of the network, with the size of the images to run
   */
  void write(Graph graph, C config);
}
