package io.panamba.model.graph;

import java.util.List;

/** A value under another name. */
record AliasNode(Value x, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(x);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType takes(Value input, Liveness in) {
    return in.type(out);
  }

  @Override
  public void lower(Lowering to) {
    to.read(x);
    to.continued(x, out);
  }

  @Override
  public void differentiate(Gradients to) {
    to.pass(to.of(out), 1, x);
  }
}
