package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Linear;
import java.util.List;

/** A depthwise convolution of a map. */
record DepthwiseNode(Value x, Grid grid, Weight weight, Weight bias, Value out) implements Node {
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
  public ValueType gives() {
    return ValueType.PRECISION;
  }

  @Override
  public List<Value> needed() {
    return List.of(x);
  }

  @Override
  public boolean isRepeated() {
    return true;
  }

  @Override
  public void lower(Lowering to) {
    Place input = to.readInPrecision(x);
    Epilogue epilogue = to.epilogue(out);
    Place result = to.make(epilogue.value());
    to.add(
        () ->
            new DepthwiseConv(
                input.columns(),
                grid,
                to.weights().tensor(weight),
                to.weights().tensor(bias),
                null,
                epilogue.activation(),
                false,
                result.columns()));
  }

  @Override
  public void differentiate(Gradients to) {
    differentiate(to, x, grid, weight, bias, to.of(out));
  }

  /** Leads the gradient of a convolution to its parameters and to x. */
  static void differentiate(
      Gradients to, Value x, Grid grid, Weight weight, Weight bias, Place outGradient) {
    long taps = weight.kept().size(0);
    Place parts = to.scratch(x.shape().size(0), taps + 1, x.width());
    Place input = to.read(x);
    to.use(outGradient);
    to.add(
        () ->
            new DepthwiseConvGradient(
                input.columns(), grid, outGradient.columns(), parts.tensor()));
    to.sum(parts, 0, weight);
    if (bias != null) {
      to.sum(parts, weight.elements(), bias);
    }
    Gradients.Target target = to.whole(x);
    to.use(outGradient);
    to.add(() -> flipped(to, grid, weight, outGradient.columns(), target.place().columns()));
    to.finish(target);
  }

  private static DepthwiseConv flipped(
      Gradients to, Grid grid, Weight weight, Columns outGradient, Columns target) {
    return new DepthwiseConv(
        outGradient,
        grid,
        to.weights().tensor(weight),
        null,
        null,
        Linear.Activation.NONE,
        true,
        target);
  }
}
