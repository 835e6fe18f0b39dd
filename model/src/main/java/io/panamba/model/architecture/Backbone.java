package io.panamba.model.architecture;

import io.panamba.model.block.PositionEmbedding;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.Value;
import io.panamba.model.weights.Weight;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A network of another family below the head of a dense task: it gives maps instead of features.
 * Its weights have a prefix before their names. Immutable.
 */
public interface Backbone {
  /**
   * Returns the name of its family.
   *
   * @return as people write it, such as {@code Vim}
   */
  String title();

  /**
   * Returns the network's description.
   *
   * @return the configuration, without a head
   */
  NetworkConfig config();

  /**
   * Lists the weights, each once, in the order of the state dict.
   *
   * @return the weights
   */
  List<Weight> weights();

  /**
   * Lists the weights that a classifier of the family has too.
   *
   * @return some of {@link #weights}, all that is written before {@link Graph#endBackbone}
   */
  default List<Weight> shared() {
    return weights();
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
   * @param trained the elements of {@link #positions}
   * @param height rows of the grid
   * @param width columns of the grid
   * @return the embedding
   */
  default PositionEmbedding fitPositions(float[] trained, int height, int width) {
    throw new IllegalStateException("there is no position embedding");
  }

  /**
   * Describes the maps at the image's size.
   *
   * @return from the largest to the smallest
   */
  List<FeatureMap> maps();

  /**
   * Counts the work of what makes maps of the network's layers.
   *
   * @return multiply-accumulates by what they are for
   */
  default SequencedMap<String, Long> extraCost() {
    return new LinkedHashMap<>();
  }

  /**
   * Chooses the size of images.
   *
   * @param image pixels
   * @return the same network, with the same weights, for such images
   * @throws IllegalArgumentException if they are too small for it
   */
  Backbone withImage(ImageSize image);

  /**
   * Writes the network, with {@link Graph#endBackbone} behind the layers of a classifier.
   *
   * @param graph to be written
   * @return what {@link #maps} describes, (batch, pixels, channels) each
   */
  List<Value> write(Graph graph);
}
