package io.panamba.model.graph;

import java.util.List;

/** The input of a network. */
record InputNode(Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of();
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public void lower(Lowering to) {
    // It is there before anything runs.
  }

  @Override
  public void differentiate(Gradients to) {
    // Nothing is before it.
  }
}
