package io.panamba.model.graph;

import io.panamba.model.weights.LoadedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import java.util.List;
import java.util.function.Function;

/**
 * Weights that never change, in the forms in which they were loaded.
 *
 * @param loaded all of them
 * @param joined the rows of a matrix that weights of one width are, or null
 * @param fitted makes the embedding of a grid, (length, dim)
 */
record LoadedParameters(LoadedWeights loaded, Tensor joined, Function<Positions, Tensor> fitted)
    implements Parameters {
  @Override
  public Tensor tensor(Weight weight) {
    return loaded.tensor(weight);
  }

  @Override
  public List<PackedMatrix> matrices(Weight weight) {
    return loaded.matrices(weight);
  }

  @Override
  public PackedMatrix taps(Weight weight) {
    return loaded.matrix(weight);
  }

  @Override
  public Tensor decay(Weight logarithms) {
    return loaded.tensor(logarithms);
  }

  @Override
  public void prepareDecay(Weight logarithms) {
    // Loading has done it.
  }

  @Override
  public Tensor rows(List<Weight> weights) {
    return weights.isEmpty() ? null : joined;
  }

  @Override
  public Tensor positions(Positions positions, long length) {
    return positions == null ? null : fitted.apply(positions);
  }
}
