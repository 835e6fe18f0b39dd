package io.panamba.model.architecture;

import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.operation.Grid;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** A network in full: what its weights' shapes say, and the settings that they leave open. */
public interface NetworkConfig {
  /**
   * Returns the size of the images that were asked for or trained for.
   *
   * @return pixels
   */
  ImageSize image();

  /**
   * Returns the number of colours of a pixel.
   *
   * @return channels of the input
   */
  int colours();

  /**
   * Returns how its input is made of pictures.
   *
   * @return crop, mean and deviation
   */
  Preprocessing preprocessing();

  /**
   * Tells what the network was made for.
   *
   * @return the task
   */
  default Task task() {
    return Task.CLASSIFICATION;
  }

  /**
   * Returns the number of outputs of the head.
   *
   * @return 0 without a head
   */
  int classes();

  /**
   * Returns the width of a feature vector.
   *
   * @return what the head sees of an image
   */
  int width();

  /**
   * Returns the number of layers.
   *
   * @return of all stages
   */
  int depth();

  /**
   * Returns the number of positions of an image's sequence or grid.
   *
   * @return tokens, class tokens included
   */
  long tokens();

  /**
   * Lists what the stages of a pyramid give.
   *
   * @return from the largest map to the smallest; nothing of networks that keep one resolution
   */
  default List<StageOutput> stageOutputs() {
    return List.of();
  }

  /**
   * Tells whether features are those of every position rather than of the image.
   *
   * @return whether they have the shape (batch, tokens, width)
   */
  default boolean keepsEveryToken() {
    return false;
  }

  /**
   * Tells whether logits are those of every position rather than of the image.
   *
   * @return whether they have the shape (batch, tokens, classes)
   */
  default boolean answersEveryToken() {
    return false;
  }

  /**
   * Returns the map whose pixels have logits, of a segmentation network.
   *
   * @return rows and columns, or empty
   */
  default Optional<Grid> answerGrid() {
    return Optional.empty();
  }

  /**
   * Returns the type of weights and activations.
   *
   * @return the precision
   */
  Precision precision();

  /**
   * Chooses the size of images.
   *
   * @param image pixels
   * @return the same network for such images
   * @throws IllegalArgumentException if it is too small for the network
   */
  NetworkConfig withImage(ImageSize image);

  /**
   * Returns settings that make the same network of its weights.
   *
   * @return every setting of the family
   */
  Settings settings();

  /**
   * Describes the network for people and machines.
   *
   * @return numbers, words and truth values by name
   */
  SequencedMap<String, Object> describe();

  /**
   * Counts the work of one image.
   *
   * @return the cost at {@link #image}
   */
  Cost cost();
}
