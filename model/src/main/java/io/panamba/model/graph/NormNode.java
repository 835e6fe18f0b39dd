package io.panamba.model.graph;

import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import java.util.List;

/** A norm of every row. It is the place where a residual sum that waits is formed. */
record NormNode(Norm.Kind kind, Value x, Weight weight, Weight bias, float eps, Value out)
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
  public void lower(Lowering to) {
    Lowering.Addend waiting = to.takeAddend(x);
    Place residual = to.read(x);
    Place addend = waiting == null ? null : to.use(waiting.place());
    Epilogue epilogue = to.epilogue(out);
    Value result = epilogue.value();
    Place normed = waiting == null ? to.makeOver(result, x, this) : to.make(result);
    to.add(
        () ->
            new Norm(
                kind,
                residual.tensor(),
                addend == null ? null : addend.tensor(),
                waiting == null ? 1 : waiting.scale(),
                to.weights().tensor(weight),
                to.weights().tensor(bias),
                eps,
                epilogue.activation(),
                normed.tensor()));
  }

  @Override
  public boolean isRepeated() {
    return true;
  }

  @Override
  public List<Value> needed() {
    return List.of(x);
  }

  @Override
  public boolean isRowWise() {
    return true;
  }

  @Override
  public Value ofRows(Graph graph, List<Value> rows) {
    return graph.norm(kind, rows.getFirst(), new Affine(weight, bias), eps);
  }

  @Override
  public void differentiate(Gradients to) {
    Place residual = to.read(x);
    Place outGradient = to.of(out);
    Gradients.Target target = to.into(x);
    long dim = x.width();
    Place parts = to.scratch(NormGradient.parts(x.shape().elements() / dim), 2, dim);
    to.add(
        () ->
            new NormGradient(
                kind,
                residual.tensor(),
                to.weights().tensor(weight),
                eps,
                outGradient.tensor(),
                target.accumulate(),
                target.place().tensor(),
                parts.tensor()));
    to.sum(parts, 0, weight);
    if (bias != null) {
      to.sum(parts, dim, bias);
    }
  }
}
