package io.panamba.model.graph;

import java.util.List;

/**
 * Neighbouring columns of every row. They are a part of the memory of all, and so is the gradient.
 */
record ColumnsNode(Value x, long first, Value out) implements Node {
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
  public boolean isRowWise() {
    return true;
  }

  @Override
  public Value ofRows(Graph graph, List<Value> rows) {
    return graph.columns(rows.getFirst(), first, out.width());
  }

  @Override
  public void lower(Lowering to) {
    if (!to.isThere(out)) {
      to.put(out, to.read(x).columns(first, out.width()));
    }
  }

  @Override
  public void differentiate(Gradients to) {
    // Who forms a gradient of columns writes it into that of all.
  }
}
