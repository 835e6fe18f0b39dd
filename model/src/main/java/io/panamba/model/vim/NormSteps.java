package io.panamba.model.vim;

import io.panamba.model.vim.VimWeights.NormWeights;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Sum;
import java.util.List;

/** One of the network's norms, forward and backward. */
final class NormSteps {
  private final Norm.Kind kind;
  private final NormWeights norm;
  private final TrainingMemory memory;
  private final TrainedWeights store;

  NormSteps(NormWeights norm, TrainingMemory memory, TrainedWeights store) {
    this.kind = memory.config().has(VimTrait.LAYER_NORM) ? Norm.Kind.LAYER : Norm.Kind.RMS;
    this.norm = norm;
    this.memory = memory;
    this.store = store;
  }

  private boolean hasBias() {
    return kind == Norm.Kind.LAYER;
  }

  /** {@code stream += before}, unless that is null; then {@code out} is the stream normed. */
  Norm forward(Tensor stream, Tensor before, Tensor out) {
    return new Norm(
        kind,
        stream,
        before,
        1,
        store.value(norm.weight()),
        hasBias() ? store.value(norm.bias()) : null,
        VimConfig.EPS,
        out);
  }

  /** {@code gradient = accumulate * gradient + } what flows through the norm. */
  void backward(
      Tensor stream,
      Tensor outGradient,
      float accumulate,
      Tensor gradient,
      List<Operation> operations) {
    operations.add(
        new NormGradient(
            kind,
            stream,
            store.value(norm.weight()),
            VimConfig.EPS,
            outGradient,
            accumulate,
            gradient,
            memory.normParts()));
    Tensor weight = store.gradient(norm.weight());
    operations.add(Sum.of(memory.normParts(), weight));
    if (hasBias()) {
      operations.add(
          Sum.of(memory.normParts(), weight.shape().elements(), store.gradient(norm.bias())));
    }
  }
}
