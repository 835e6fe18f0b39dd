package io.panamba.model.architecture;

import io.panamba.model.weights.TrainedWeights;
import io.panamba.runtime.Device;
import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * A family whose networks can be trained.
 *
 * @param <C> what describes networks of the family
 */
public interface Trainable<C extends NetworkConfig> extends Architecture<C> {
  /**
   * Tells what keeps a network from being trained.
   *
   * @param config the network
   * @return a few words such as {@code a rotary embedding}, or empty
   */
  Optional<String> untrainable(C config);

  /**
   * Allocates the weights of a network and what training keeps beside them.
   *
   * @param config the network
   * @param averaged whether a moving average is kept
   * @param arena the owner of the memory
   * @return the weights, zeros
   */
  TrainedWeights allocate(C config, boolean averaged, Arena arena);

  /**
   * Writes the forward and the backward pass.
   *
   * @param config the network
   * @param weights of {@link #allocate}
   * @param step what a step is
   * @param device where it runs
   * @param arena the owner of the memory
   * @return the operations and their tensors
   */
  TrainingProgram write(
      C config, TrainedWeights weights, TrainingStep step, Device device, Arena arena);
}
