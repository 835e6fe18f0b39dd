package io.panamba.model.graph;

import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.PatchMerging;
import java.util.List;

/** Every 2 x 2 pixels as one. */
record MergeNode(Value x, Grid grid, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(x);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType gives() {
    return ValueType.FLOAT32;
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
    Place result = to.make(out);
    to.add(() -> new PatchMerging(input.tensor(), grid, false, result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    Gradients.Target target = to.whole(x);
    to.add(() -> new PatchMerging(target.place().tensor(), grid, true, outGradient.tensor()));
    to.finish(target);
  }
}
