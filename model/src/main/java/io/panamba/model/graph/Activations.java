package io.panamba.model.graph;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;

/**
 * Allocates what a network computes.
 *
 * @param memory of the device that computes it
 * @param type of what mixers hand from one operation to the next
 */
public record Activations(DeviceMemory memory, DType type) {
  /**
   * Allocates an activation.
   *
   * @param sizes of its axes
   * @return the tensor
   */
  public Tensor tensor(long... sizes) {
    return memory.tensor(type, sizes);
  }

  /**
   * Allocates what is float32 in every precision: the residual stream, projections, states.
   *
   * @param sizes of its axes
   * @return the tensor
   */
  public Tensor float32(long... sizes) {
    return memory.tensor(DType.F32, sizes);
  }
}
