package io.panamba.model.training;

import io.panamba.model.VimConfig;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.NormGradient;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Sum;
import java.util.List;

/** One of the network's norms, forward and backward. */
final class NormSteps {
  private final Norm.Kind kind;
  private final String prefix;
  private final TrainingMemory memory;
  private final ParameterStore store;

  NormSteps(String prefix, TrainingMemory memory, ParameterStore store) {
    this.kind = memory.config().layerNorm() ? Norm.Kind.LAYER : Norm.Kind.RMS;
    this.prefix = prefix;
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
        store.value(prefix + "weight"),
        hasBias() ? store.value(prefix + "bias") : null,
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
            store.value(prefix + "weight"),
            VimConfig.EPS,
            outGradient,
            accumulate,
            gradient,
            memory.normParts()));
    Tensor weight = store.gradient(prefix + "weight");
    operations.add(Sum.of(memory.normParts(), weight));
    if (hasBias()) {
      operations.add(
          Sum.of(memory.normParts(), weight.shape().elements(), store.gradient(prefix + "bias")));
    }
  }
}
