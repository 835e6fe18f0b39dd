package io.panamba.model.graph;

import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Resize;
import io.panamba.runtime.operation.ResizeGradient;
import java.util.List;

/** A map in another size, bilinearly. */
record ResizeNode(Value x, Grid grid, Grid outGrid, boolean corners, Value out) implements Node {
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
  public boolean isRepeated() {
    return true;
  }

  @Override
  public void lower(Lowering to) {
    if (to.isThere(out)) {
      return;
    }
    Place input = to.read(x);
    AddNode sum = to.accumulator(out, this);
    Place result = sum == null ? to.make(out) : to.continued(sum.a(), sum.out());
    if (sum != null) {
      to.put(out, result);
    }
    float accumulate = sum == null ? 0 : sum.scale();
    to.add(
        () ->
            new Resize(
                input.columns(),
                grid,
                1,
                corners,
                accumulate,
                Linear.Activation.NONE,
                outGrid,
                result.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    Gradients.Target target = to.into(x);
    to.use(outGradient);
    to.add(
        () ->
            new ResizeGradient(
                outGradient.columns(),
                outGrid,
                corners,
                target.accumulate(),
                grid,
                target.place().columns()));
  }
}
