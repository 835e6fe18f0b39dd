package io.panamba.model.graph;

import io.panamba.runtime.operation.Pool;
import java.util.List;

/** The mean of what linear layers give. They write beside each other, as tokens of a sequence. */
record MeanNode(List<Value> parts, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return parts;
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
  public void lower(Lowering to) {
    Place all = to.use(to.joint(this));
    for (Value part : parts) {
      if (to.read(part).buffer() != all.buffer()) {
        throw new IllegalStateException(part + " is averaged, and read by others too");
      }
    }
    Place result = to.make(out);
    to.add(
        () ->
            new Pool(
                Pool.Kind.MEAN,
                all.tensor(out.shape().size(0), parts.size(), out.width()),
                0,
                parts.size(),
                1,
                result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    for (Value part : parts) {
      to.pass(outGradient, 1f / parts.size(), part);
    }
  }
}
