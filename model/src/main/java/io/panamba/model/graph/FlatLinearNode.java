package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Linear;
import java.util.List;

/** A linear layer of all pixels of a small map as one row. It is run, not trained. */
record FlatLinearNode(Value x, Weight weight, Weight bias, Value out) implements Node {
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
    return ValueType.PRECISION;
  }

  @Override
  public void lower(Lowering to) {
    PackedMatrix matrix = to.weights().matrices(weight).getFirst();
    Place input = to.readInPrecision(x);
    Epilogue epilogue = to.epilogue(out);
    Place result = to.make(epilogue.value());
    long rows = out.shape().size(0);
    to.add(
        () ->
            new Linear(
                Columns.of(input.tensor(rows, matrix.depth())),
                matrix,
                to.weights().tensor(bias),
                0,
                epilogue.activation(),
                result.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    throw new IllegalStateException("heads over boxes are run, not trained");
  }
}
