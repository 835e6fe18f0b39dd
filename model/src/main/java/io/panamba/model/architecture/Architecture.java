package io.panamba.model.architecture;

import io.panamba.model.checkpoint.Checkpoint;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/**
 * A family of networks. It has no state; {@link io.panamba.model.Architectures} lists all of them.
 *
 * @param <C> what describes a network of the family in full
 */
public interface Architecture<C extends NetworkConfig> {
  /**
   * Returns the family's name.
   *
   * @return such as {@code vim}
   */
  String name();

  /**
   * Returns the family's name as people write it.
   *
   * @return such as {@code Vim}
   */
  String title();

  /**
   * Tells what the family's networks are made for.
   *
   * @return the task
   */
  default Task task() {
    return Task.CLASSIFICATION;
  }

  /**
   * Tells whether a checkpoint holds a network of this family.
   *
   * @param keys of the checkpoint
   * @return empty if it does, otherwise the first thing that is missing or in the way
   */
  Optional<String> obstacle(Set<String> keys);

  /**
   * Reads a checkpoint under the family's own names, where other programs have others for the same
   * tensors.
   *
   * @param checkpoint without {@linkplain #obstacle an obstacle}
   * @return the checkpoint, or a view of it
   * @throws io.panamba.model.checkpoint.WeightsException if two tensors have one name
   */
  default Checkpoint named(Checkpoint checkpoint) {
    return checkpoint;
  }

  /**
   * Lists the keys that every network of the family has, for the error where no family fits.
   *
   * @return the keys, those of layers once with {@code #} for the layer's number
   */
  Set<String> kinds();

  /**
   * Tells whether a key may be one of this family's networks.
   *
   * @param key of a checkpoint
   * @return false for what only lies beside a network
   */
  boolean isKnown(String key);

  /**
   * Reads a network's description from the shapes of its weights and from the file's metadata.
   *
   * @param checkpoint with the keys of this family
   * @param settings that come before both
   * @return the description
   * @throws io.panamba.model.checkpoint.WeightsException if the shapes are not those of a network
   *     of this family
   */
  C read(Checkpoint checkpoint, Settings settings);

  /**
   * Returns the names of sizes.
   *
   * @return such as {@code tiny}, the most usual one first
   */
  SequencedSet<String> presets();

  /**
   * Describes a network of a usual size.
   *
   * @param preset one of {@link #presets}
   * @param settings that differ from what is usual
   * @return the description
   */
  C preset(String preset, Settings settings);

  /**
   * Lists what shapes can't tell.
   *
   * @return the family's own settings, without image size and precision, which every family has
   */
  List<Setting<?>> settings();

  /**
   * Chooses the number of classes.
   *
   * @param config a network
   * @param classes outputs of the head
   * @return the same network with another head
   */
  C withClasses(C config, int classes);

  /**
   * Chooses the size of images.
   *
   * @param config a network
   * @param image pixels
   * @return the same network for such images
   * @throws IllegalArgumentException if they are too small for it
   */
  C withImage(C config, ImageSize image);

  /**
   * Returns what a network consists of.
   *
   * @param config the network
   * @return its weights and nodes
   */
  Blueprint<C> blueprint(C config);

  /**
   * Describes a network as it is before its first training step: position embeddings are those of
   * its own image size.
   *
   * @param config the network
   * @return the description of what is drawn or fitted
   * @throws IllegalArgumentException if such a network can't be made
   */
  C atBirth(C config);

  /**
   * Lists the weights of the head.
   *
   * @return keys of weights that are drawn anew where a checkpoint lacks them, or has them for
   *     other classes
   */
  Set<String> heads();

  /**
   * Finds a usual size.
   *
   * @param presets of this family, by their names
   * @param name of one of them
   * @param <P> what the family knows of a size
   * @return what the name stands for
   * @throws IllegalArgumentException if there is none of the name
   */
  default <P> P presetOf(SequencedMap<String, P> presets, String name) {
    P preset = presets.get(name);
    if (preset == null) {
      throw new IllegalArgumentException(
          "no size of %s is called '%s'; there are %s"
              .formatted(title(), name, String.join(", ", presets.keySet())));
    }
    return preset;
  }
}
