package io.panamba.model.graph;

import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.WindowPool;
import io.panamba.runtime.operation.WindowPoolGradient;
import java.util.List;

/** The mean or the maximum of every window of a map. */
record WindowPoolNode(WindowPool.Windows windows, Value x, Grid grid, Value out) implements Node {
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
    return windows.kind() == Pool.Kind.MAX ? List.of(x) : List.of();
  }

  @Override
  public void lower(Lowering to) {
    Place input = to.read(x);
    Place result = to.make(out);
    to.add(() -> new WindowPool(windows, input.columns(), grid, result.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place input = windows.kind() == Pool.Kind.MAX ? to.read(x) : null;
    Place outGradient = to.of(out);
    Gradients.Target target = to.whole(x);
    to.add(
        () ->
            new WindowPoolGradient(
                windows,
                input == null ? null : input.columns(),
                grid,
                outGradient.tensor(),
                target.place().tensor()));
    to.finish(target);
  }
}
