package io.panamba.model.graph;

import java.util.ArrayList;
import java.util.List;

/** An algorithm that a network writes itself. */
record AlgorithmNode(
    Value x, boolean overwrites, List<Scratch> scratch, Algorithm algorithm, Value out)
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
  public ValueType gives() {
    return ValueType.FLOAT32;
  }

  @Override
  public void lower(Lowering to) {
    Place input = to.read(x);
    if (overwrites && !to.liveness().dies(x, this)) {
      throw new IllegalStateException(x + " is overwritten, and read by others too");
    }
    Place result = overwrites ? to.continued(x, out) : to.make(out);
    List<Place> places = new ArrayList<>();
    for (Scratch one : scratch) {
      places.add(
          one.exact()
              ? to.scratch(one.shape().toArray())
              : to.scratchInPrecision(one.shape().toArray()));
    }
    to.addAll(
        operations ->
            algorithm.write(
                to.weights().loaded(),
                input.tensor(),
                result.tensor(),
                places.stream().map(Place::tensor).toList(),
                operations));
  }

  @Override
  public void differentiate(Gradients to) {
    throw new IllegalStateException("an algorithm is run, not trained");
  }
}
