package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Sum;
import java.util.List;

/** A convolution of a map. */
record Conv2dNode(Value x, Grid grid, Weight weight, Weight bias, Kernel kernel, Value out)
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
  public ValueType takes(Value input, Liveness in) {
    return ValueType.PRECISION;
  }

  @Override
  public List<Value> needed() {
    return List.of(x);
  }

  @Override
  public void lower(Lowering to) {
    PackedMatrix taps = to.weights().taps(weight);
    Place input = to.readInPrecision(x);
    Epilogue epilogue = to.epilogue(out);
    Place result = to.make(epilogue.value());
    to.add(
        () ->
            Conv2d.of(
                input.tensor(),
                grid,
                taps,
                to.weights().tensor(bias),
                kernel,
                epilogue.activation(),
                result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    to.whenThere(
        x,
        outGradient,
        () -> {
          Place input = to.read(x);
          Gradients.WeightTarget target = to.into(weight);
          to.use(outGradient);
          to.add(
              () ->
                  new Conv2dGradient(
                      input.tensor(),
                      grid,
                      outGradient.tensor(),
                      kernel,
                      target.accumulate(),
                      target.gradient()));
        });
    if (bias != null) {
      Gradients.WeightTarget target = to.into(bias);
      to.use(outGradient);
      to.add(() -> Sum.ofRows(outGradient.columns(), target.accumulate(), target.gradient()));
    }
    PackedMatrix taps = to.transposedTaps(weight);
    Gradients.Target target = to.into(x);
    to.use(outGradient);
    to.add(
        () ->
            new Conv2d(
                outGradient.columns(),
                kernel.over(grid),
                taps,
                null,
                kernel,
                true,
                target.accumulate(),
                Linear.Activation.NONE,
                grid,
                target.place().tensor()));
  }
}
