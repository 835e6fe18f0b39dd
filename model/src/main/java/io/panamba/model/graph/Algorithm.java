package io.panamba.model.graph;

import io.panamba.model.weights.LoadedWeights;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Operation;
import java.util.List;

/** Writes operations that no lowering would find. */
@FunctionalInterface
public interface Algorithm {
  /**
   * Writes the operations.
   *
   * @param weights of the network
   * @param x what is read
   * @param out where the result goes; x, if the algorithm overwrites it
   * @param scratch in the order in which it was asked for
   * @param operations to be added to
   */
  void write(
      LoadedWeights weights,
      Tensor x,
      Tensor out,
      List<Tensor> scratch,
      List<Operation> operations);
}
