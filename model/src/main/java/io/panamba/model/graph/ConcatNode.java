package io.panamba.model.graph;

import io.panamba.runtime.operation.Convert;
import java.util.List;

/** Values with the same rows, side by side. */
record ConcatNode(List<Value> parts, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return parts;
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
  public boolean isRepeated() {
    return true;
  }

  @Override
  public void lower(Lowering to) {
    Place result = to.make(out);
    long first = 0;
    for (Value part : parts) {
      Place from = to.read(part);
      Place columns = to.use(result.columns(first, part.width()));
      to.add(() -> new Convert(from.columns(), columns.columns()));
      first += part.width();
    }
  }

  @Override
  public void differentiate(Gradients to) {
    long first = 0;
    for (Value part : parts) {
      Place outGradient = to.of(out).columns(first, part.width());
      Gradients.Target target = to.whole(part);
      to.add(() -> new Convert(outGradient.columns(), target.place().columns()));
      to.finish(target);
      first += part.width();
    }
  }
}
