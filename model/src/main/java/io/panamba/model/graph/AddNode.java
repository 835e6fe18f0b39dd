package io.panamba.model.graph;

import io.panamba.runtime.operation.Sum;
import java.util.List;

/**
 * A residual sum, {@code out = scale * a + b}. It is formed by the linear layer that makes b, or
 * waits for the norm that reads it first, if these may overwrite one of the two; otherwise it is an
 * operation of its own, which training has.
 */
record AddNode(float scale, Value a, Value b, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(a, b);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public boolean isRowWise() {
    return true;
  }

  @Override
  public Value ofRows(Graph graph, List<Value> rows) {
    return graph.add(scale, rows.getFirst(), rows.getLast());
  }

  @Override
  public ValueType gives() {
    return ValueType.FLOAT32;
  }

  @Override
  public void lower(Lowering to) {
    if (to.isThere(out)) {
      return;
    }
    boolean normed = to.liveness().isFirstReadByNorm(out) && !to.liveness().isApart(out);
    if (normed && to.liveness().dies(a, this)) {
      to.waits(out, to.continued(a, out), scale, to.read(b));
    } else if (normed && scale == 1 && to.liveness().dies(b, this)) {
      to.waits(out, to.continued(b, out), 1, to.read(a));
    } else {
      sum(to);
    }
  }

  /** As an operation of its own. */
  private void sum(Lowering to) {
    Place left = to.read(a);
    Place result = to.make(out);
    to.add(
        () ->
            new Sum(
                left.tensor(), 0, 1, left.tensor().shape().elements(), 0, scale, result.tensor()));
    Place right = to.read(b);
    to.use(result);
    to.add(
        () ->
            new Sum(
                right.tensor(), 0, 1, right.tensor().shape().elements(), 1, 1, result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    to.pass(outGradient, 1, b);
    to.pass(outGradient, scale, a);
  }
}
