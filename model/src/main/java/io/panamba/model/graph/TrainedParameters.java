package io.panamba.model.graph;

import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.weights.Form;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Weights that change with every step: packed before each product, one after the other. */
final class TrainedParameters implements Parameters {
  private record Size(long columns, long depth, int count) {}

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

  /** The elements of a weight, or of its gradient, as (outputs, inputs). */
  static Tensor matrix(Weight weight, Tensor elements) {
    return elements.reshape(Shape.of(weight.outputs(), weight.elements() / weight.outputs()));
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
    return List.of(pack(List.of(MatrixSource.of(matrix(weight, store.value(weight))))));
  }

  /** Of the same size there is one place, packed before each use. */
  private PackedMatrix pack(List<MatrixSource> sources) {
    MatrixSource first = sources.getFirst();
    PackedMatrix place =
        packed.computeIfAbsent(
            new Size(first.columns(), first.depth(), sources.size()),
            _ -> memory.pack(sources, DType.F32));
    for (int i = 0; i < sources.size(); i++) {
      MatrixSource source = sources.get(i);
      PackedMatrix matrix = place.matrix(i);
      lowering.add(() -> new Pack(source, matrix));
    }
    return place;
  }

  @Override
  public PackedMatrix taps(Weight weight) {
    return taps(weight, isTransposed(weight));
  }

  /** The transposes of the matrices, (inputs, outputs): for the gradient of the input. */
  PackedMatrix transposedTaps(Weight weight) {
    return taps(weight, !isTransposed(weight));
  }

  /** Of a transposed convolution the matrices are kept as those of the convolution. */
  private static boolean isTransposed(Weight weight) {
    return weight.form() instanceof Form.Taps taps && taps.transposed();
  }

  private PackedMatrix taps(Weight weight, boolean transposed) {
    Tensor kept = store.value(weight);
    long inputs = kept.shape().size(1);
    long outputs = kept.shape().size(2);
    List<MatrixSource> sources = new ArrayList<>();
    for (long tap = 0; tap < kept.shape().size(0); tap++) {
      sources.add(
          new MatrixSource(
              kept.slice(tap, 1).segment(),
              DType.F32,
              transposed ? inputs : outputs,
              transposed ? outputs : inputs,
              transposed ? outputs : 1,
              transposed ? 1 : outputs,
              null));
    }
    return pack(sources);
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
