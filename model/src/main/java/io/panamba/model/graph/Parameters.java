package io.panamba.model.graph;

import io.panamba.model.weights.LoadedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import java.util.List;

/** The weights of a network, as operations take them. */
interface Parameters {
  /** All of them as they were loaded, to be run. */
  LoadedWeights loaded();

  /** A weight that is no matrix, in {@linkplain Weight#kept its shape}; null for null. */
  Tensor tensor(Weight weight);

  /** The parts of a matrix, packed. */
  List<PackedMatrix> matrices(Weight weight);

  /** The matrices of a convolution's taps, packed. */
  PackedMatrix taps(Weight weight);

  /**
   * What a scan takes of A_log: {@code -e^A_log * log2(e)}, (states, channels), or of four walks
   * (4, states, channels).
   */
  Tensor decay(Weight logarithms);

  /** Brings {@link #decay} up to date, before everything else. */
  void prepareDecay(Weight logarithms);

  /** Weights of one width as the rows of a matrix, null for none. */
  Tensor rows(List<Weight> weights);

  /** The embedding of a grid, class tokens included, (length, dim); null for null. */
  Tensor positions(Positions positions, long length);
}
