package io.panamba.model.graph;

import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;
import java.util.List;

/** Mean or maximum of some tokens of every sequence. */
record PoolNode(Pool.Kind kind, Value x, long first, long count, long step, Value out)
    implements Node {
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
    return kind == Pool.Kind.MAX ? List.of(x) : List.of();
  }

  /** Whether it takes one token. */
  boolean isPick() {
    return count == 1;
  }

  @Override
  public ValueType gives() {
    return ValueType.FLOAT32;
  }

  @Override
  public void lower(Lowering to) {
    Place input = to.read(x);
    Place result = to.make(out);
    to.add(() -> new Pool(kind, input.tensor(), first, count, step, result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place input = kind == Pool.Kind.MAX ? to.read(x) : null;
    Place outGradient = to.of(out);
    Gradients.Target target = to.whole(x);
    to.add(
        () ->
            new PoolGradient(
                kind,
                input == null ? null : input.tensor(),
                first,
                count,
                step,
                outGradient.tensor(),
                target.place().tensor()));
    to.finish(target);
  }
}
