package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Scale;
import io.panamba.runtime.operation.ScaleGradient;
import java.util.List;

/** Layer scale and stochastic depth of a layer's output, in training. */
record ScaleNode(Value x, Weight factors, int drop, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(x);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public List<Value> needed() {
    return factors == null ? List.of() : List.of(x);
  }

  @Override
  public void lower(Lowering to) {
    Place input = to.read(x);
    Place result = to.makeOver(out, x, this);
    to.add(
        () ->
            new Scale(
                input.columns(),
                to.weights().tensor(factors),
                to.imageScale(drop),
                result.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place input = factors == null ? null : to.read(x);
    Place outGradient = to.of(out);
    Gradients.Target target = to.whole(x);
    long rows = x.shape().elements() / x.width();
    Place parts = factors == null ? null : to.scratch(ScaleGradient.parts(rows), x.width());
    to.add(
        () ->
            new ScaleGradient(
                input == null ? null : input.columns(),
                to.weights().tensor(factors),
                to.lowering().imageScale(drop),
                outGradient.columns(),
                target.place().columns(),
                parts == null ? null : parts.tensor()));
    to.finish(target);
    if (factors != null) {
      to.sum(parts, 0, factors);
    }
  }
}
