package io.panamba.model.graph;

import java.util.List;

/**
 * The beginning of a part that is run by itself.
 *
 * @param out an empty value, so that the node keeps its place among the others
 */
record PartNode(Value out) implements Node {
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
    to.begin(this);
  }

  @Override
  public void differentiate(Gradients to) {
    // It computes nothing.
  }
}
