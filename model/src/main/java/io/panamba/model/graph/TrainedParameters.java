package io.panamba.model.graph;

import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.DType;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Pack;
import io.panamba.runtime.operation.Pointwise;
import io.panamba.runtime.operation.Sum;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Weights that change with every step: packed before each product, one after the other. */
final class TrainedParameters implements Parameters {
  private record Size(long columns, long depth) {}

  private final TrainedWeights store;
  private final DeviceMemory memory;
  private final Lowering lowering;
  private final Map<Size, PackedMatrix> packed = new HashMap<>();
  private final Map<Weight, Tensor> decays = new HashMap<>();

  TrainedParameters(TrainedWeights store, DeviceMemory memory, Lowering lowering) {
    this.store = store;
    this.memory = memory;
    this.lowering = lowering;
  }

  /** A weight as (outputs, inputs). */
  static Tensor matrix(Tensor weight) {
    long rows = weight.shape().size(0);
    return weight.reshape(Shape.of(rows, weight.shape().elements() / rows));
  }

  @Override
  public LoadedWeights loaded() {
    throw new IllegalStateException("weights are trained, not loaded");
  }

  @Override
  public Tensor tensor(Weight weight) {
    return weight == null ? null : store.value(weight);
  }

  @Override
  public List<PackedMatrix> matrices(Weight weight) {
    MatrixSource source = MatrixSource.of(matrix(store.value(weight)));
    PackedMatrix place =
        packed.computeIfAbsent(
            new Size(source.columns(), source.depth()), _ -> memory.pack(source, DType.F32));
    lowering.add(() -> new Pack(source, place));
    return List.of(place);
  }

  @Override
  public Tensor decay(Weight logarithms) {
    return decays.get(logarithms);
  }

  @Override
  public void prepareDecay(Weight logarithms) {
    Tensor values = store.value(logarithms);
    Tensor decay = tensor(values.shape());
    decays.put(logarithms, decay);
    lowering.add(() -> new Pointwise(Pointwise.Kind.DECAY, Columns.of(values), Columns.of(decay)));
  }

  private Tensor tensor(Shape shape) {
    return memory.tensor(DType.F32, shape.toArray());
  }

  @Override
  public Tensor rows(List<Weight> weights) {
    return weights.isEmpty() ? null : store.joined(store.values(), weights);
  }

  @Override
  public Tensor positions(Positions positions, long length) {
    if (positions == null) {
      return null;
    }
    Tensor stored = store.value(positions.weight());
    long dim = stored.shape().size(-1);
    if (!positions.ofPatches()) {
      return stored.reshape(Shape.of(length, dim));
    }
    // Class tokens come first; their rows stay zero.
    Tensor all = tensor(Shape.of(length, dim));
    long rows = stored.shape().elements() / dim;
    Tensor ofPatches = all.slice(length - rows, rows);
    lowering.add(() -> Sum.of(stored, ofPatches));
    return all;
  }
}
