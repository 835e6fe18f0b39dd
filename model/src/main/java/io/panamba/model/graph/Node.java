package io.panamba.model.graph;

import java.util.List;

/**
 * A step of a network: what it reads and makes, how it is written as operations, and the rule of
 * its gradient.
 */
interface Node {
  /** What it reads, in the order in which gradients are formed. */
  List<Value> inputs();

  /** What it makes. */
  List<Value> outputs();

  /**
   * Writes it as operations. May be called again in the backward pass, to make its outputs anew.
   */
  void lower(Lowering to);

  /** Adds the operations that lead the gradients of its outputs to its inputs and weights. */
  void differentiate(Gradients to);

  /** The type in which it takes an input, where the network's precision is not float32. */
  default ValueType takes(Value input, Liveness in) {
    return ValueType.FLOAT32;
  }

  /** The type of its outputs, if it can't give any that is wanted. */
  default ValueType gives() {
    return ValueType.ANY;
  }

  /** What of its inputs and outputs {@link #differentiate} reads. */
  default List<Value> needed() {
    return List.of();
  }

  /**
   * Whether its outputs are made anew in the backward pass rather than kept: they are cheap to
   * compute and large.
   */
  default boolean isRepeated() {
    return false;
  }

  /** Whether its gradient's operations make its output once more. */
  default boolean isRestored() {
    return false;
  }

  /**
   * What an input passes through here, if a linear layer can do that when it writes it; or null.
   */
  default Epilogue epilogue(Value input) {
    return null;
  }

  /** Writes what is derived of weights alone, before anything runs. */
  default void prepare(Lowering to) {
    // Most need nothing.
  }

  /** Whether a row of its output depends on the same rows of its inputs alone. */
  default boolean isRowWise() {
    return false;
  }

  /** The inputs of which it reads the same rows; the others it reads as a whole. */
  default List<Value> rowInputs() {
    return inputs();
  }

  /** Makes the same node of one row of each of {@link #rowInputs}: of row-wise nodes. */
  default Value ofRows(Graph graph, List<Value> rows) {
    throw new IllegalStateException(this + " is not made row by row");
  }
}
