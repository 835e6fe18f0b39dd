package io.panamba.model;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;

/**
 * Allocates what a network computes.
 *
 * @param arena the owner of the memory
 * @param type of what mixers hand from one operation to the next
 */
record Activations(Arena arena, DType type) {
  /** Allocates an activation. */
  Tensor tensor(long... sizes) {
    return Tensor.allocate(arena, type, Shape.of(sizes));
  }

  /** Allocates what is float32 in every precision: the residual stream, projections, states. */
  Tensor exact(long... sizes) {
    return Tensor.allocate(arena, DType.F32, Shape.of(sizes));
  }
}
