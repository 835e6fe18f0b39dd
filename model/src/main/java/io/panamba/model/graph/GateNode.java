package io.panamba.model.graph;

import io.panamba.runtime.operation.Gate;
import java.util.List;

/** The product of two values, element by element. */
record GateNode(Value gate, Value x, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(gate, x);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
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
    return inputs();
  }

  @Override
  public boolean isRepeated() {
    return true;
  }

  @Override
  public void lower(Lowering to) {
    Place gates = to.read(gate);
    Place input = to.readInPrecision(x);
    Place result = to.makeOver(out, gate, this);
    to.add(() -> new Gate(gates.columns(), input.columns(), result.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    for (Value input : inputs()) {
      Place outGradient = to.of(out);
      Place factor = to.read(input.equals(gate) ? x : gate);
      Gradients.Target target = to.whole(input);
      to.add(() -> new Gate(outGradient.columns(), factor.columns(), target.place().columns()));
      to.finish(target);
    }
  }
}
