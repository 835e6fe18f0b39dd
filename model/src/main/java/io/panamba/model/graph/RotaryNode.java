package io.panamba.model.graph;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Rotary;
import java.util.List;

/** Rotary embedding on adjacent pairs. Its gradient turns the other way. */
record RotaryNode(Value x, float[] cos, float[] sin, long first, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(x);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  private Shape table() {
    return Shape.of(cos.length / x.width(), x.width());
  }

  @Override
  public ValueType gives() {
    return ValueType.FLOAT32;
  }

  @Override
  public void lower(Lowering to) {
    Tensor cosines = to.constant(cos, table());
    Tensor sines = to.constant(sin, table());
    Place input = to.read(x);
    Place result = to.makeOver(out, x, this);
    to.add(() -> new Rotary(input.tensor(), cosines, sines, first, result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    // Of a pair, out = (a c0 - b s0, b c1 + a s1): the gradient is (g0 c0 + g1 s1, g1 c1 - g0 s0).
    float[] back = new float[sin.length];
    for (int i = 0; i < sin.length; i += 2) {
      back[i] = -sin[i + 1];
      back[i + 1] = -sin[i];
    }
    Tensor cosines = to.lowering().constant(cos, table());
    Tensor sines = to.lowering().constant(back, table());
    Place outGradient = to.of(out);
    Gradients.Target target = to.whole(x);
    to.add(() -> new Rotary(outGradient.tensor(), cosines, sines, first, target.place().tensor()));
    to.finish(target);
  }
}
