package io.panamba.model.graph;

import io.panamba.runtime.operation.ActivationGradient;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Pointwise;
import java.util.List;

/** A function of every element. */
record ActivationNode(Linear.Activation activation, Value x, Value out) implements Node {
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
  public List<Value> needed() {
    return List.of(x);
  }

  @Override
  public Epilogue epilogue(Value input) {
    return new Epilogue(activation, out);
  }

  @Override
  public boolean isRepeated() {
    return true;
  }

  @Override
  public boolean isRowWise() {
    return true;
  }

  @Override
  public Value ofRows(Graph graph, List<Value> rows) {
    return graph.activate(activation, rows.getFirst());
  }

  @Override
  public void lower(Lowering to) {
    if (to.isThere(out)) {
      return;
    }
    Place input = to.read(x);
    Place result = to.make(out);
    to.add(() -> new Pointwise(kind(activation), input.columns(), result.columns()));
  }

  private static Pointwise.Kind kind(Linear.Activation activation) {
    return switch (activation) {
      case SILU -> Pointwise.Kind.SILU;
      case GELU -> Pointwise.Kind.GELU;
      case RELU -> Pointwise.Kind.RELU;
      case NONE -> throw new IllegalArgumentException("nothing to compute");
    };
  }

  @Override
  public void differentiate(Gradients to) {
    Place input = to.read(x);
    Place outGradient = to.of(out);
    Gradients.Target target = to.whole(x);
    to.add(
        () ->
            new ActivationGradient(
                activation, input.columns(), outGradient.columns(), target.place().columns()));
    to.finish(target);
  }
}
