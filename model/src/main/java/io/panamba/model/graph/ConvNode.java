package io.panamba.model.graph;

import io.panamba.model.graph.Graph.Directions;
import io.panamba.model.weights.Affine;
import io.panamba.runtime.operation.CausalConv;
import io.panamba.runtime.operation.ConvGradient;
import java.util.List;

/** Depthwise causal convolution and SiLU, from either end. */
record ConvNode(Value x, Affine forward, Affine backward, Directions out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(x);
  }

  @Override
  public List<Value> outputs() {
    return out.forward() == null
        ? List.of(out.backward())
        : out.backward() == null ? List.of(out.forward()) : List.of(out.forward(), out.backward());
  }

  @Override
  public ValueType takes(Value input, Liveness in) {
    return ValueType.PRECISION;
  }

  @Override
  public ValueType gives() {
    return ValueType.PRECISION;
  }

  @Override
  public List<Value> needed() {
    return List.of(x);
  }

  @Override
  public boolean isRepeated() {
    return true;
  }

  @Override
  public void lower(Lowering to) {
    Place input = to.read(x);
    Place first;
    Place second;
    if (forward != null && backward != null) {
      List<Place> both = to.makePair(out.forward(), out.backward());
      first = both.getFirst();
      second = both.getLast();
    } else {
      first = forward == null ? null : to.make(out.forward());
      second = backward == null ? null : to.make(out.backward());
    }
    to.add(
        () ->
            CausalConv.of(
                input.columns(), direction(to, forward, first), direction(to, backward, second)));
  }

  private static CausalConv.Direction direction(Lowering to, Affine convolution, Place result) {
    return convolution == null
        ? null
        : new CausalConv.Direction(
            to.weights().tensor(convolution.weight()),
            to.weights().tensor(convolution.bias()),
            result.tensor());
  }

  @Override
  public void differentiate(Gradients to) {
    Place input = to.read(x);
    Gradients.Target target = to.whole(x);
    Gradient first = forward == null ? null : gradient(to, forward, out.forward());
    Gradient second = backward == null ? null : gradient(to, backward, out.backward());
    to.add(
        () ->
            new ConvGradient(
                input.columns(),
                target.place().columns(),
                first == null ? null : first.direction(to),
                second == null ? null : second.direction(to)));
    to.finish(target);
    for (Gradient one : new Gradient[] {first, second}) {
      if (one != null) {
        to.sum(one.parts, 0, one.weights.weight());
        if (one.weights.bias() != null) {
          to.sum(one.parts, one.weights.weight().elements(), one.weights.bias());
        }
      }
    }
  }

  private record Gradient(Affine weights, Place outGradient, Place parts) {
    ConvGradient.Direction direction(Gradients to) {
      return new ConvGradient.Direction(
          to.weights().tensor(weights.weight()),
          to.weights().tensor(weights.bias()),
          outGradient.tensor(),
          parts.tensor());
    }
  }

  private Gradient gradient(Gradients to, Affine convolution, Value result) {
    long kernel = convolution.weight().kept().size(0);
    Place parts = to.scratch(x.shape().size(0), kernel + 1, x.width());
    return new Gradient(convolution, to.of(result), parts);
  }
}
