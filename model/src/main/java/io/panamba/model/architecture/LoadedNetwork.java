package io.panamba.model.architecture;

import io.panamba.model.graph.DeviceMemory;

/** A network whose weights are on a device. Many threads may write programs of it. */
public interface LoadedNetwork {
  /**
   * Returns the network's description.
   *
   * @return the configuration
   */
  NetworkConfig config();

  /**
   * Writes what an inference runs.
   *
   * @param options what is wanted
   * @param memory for input, activations and results; it lives as long as the program
   * @return the operations and their tensors
   */
  Program write(InferenceOptions options, DeviceMemory memory);
}
