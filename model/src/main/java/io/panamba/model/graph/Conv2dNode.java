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

/**
 * A convolution of a map, or a transposed one. The latter's weight is that of the convolution whose
 * gradient it is.
 *
 * @param small the grid of a transposed convolution's input, otherwise that of its output
 * @param large the other grid
 */
record Conv2dNode(
    Value x,
    Grid large,
    Grid small,
    Weight weight,
    Weight bias,
    Kernel kernel,
    boolean transposed,
    Value out)
    implements Node {
  private Grid grid() {
    return transposed ? small : large;
  }

  private Grid outGrid() {
    return transposed ? large : small;
  }

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
            new Conv2d(
                input.columns(),
                grid(),
                taps,
                to.weights().tensor(bias),
                kernel,
                transposed,
                0,
                epilogue.activation(),
                outGrid(),
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
                      (transposed ? outGradient : input).tensor(),
                      large,
                      (transposed ? input : outGradient).tensor(),
                      kernel,
                      target.accumulate(),
                      target.gradient()));
        });
    if (bias != null) {
      Gradients.WeightTarget target = to.into(bias);
      to.use(outGradient);
      to.add(() -> Sum.ofRows(outGradient.columns(), target.accumulate(), target.gradient()));
    }
    if (!to.wants(x)) {
      return;
    }
    PackedMatrix taps = to.transposedTaps(weight);
    Gradients.Target target = to.into(x);
    to.use(outGradient);
    to.add(
        () ->
            new Conv2d(
                outGradient.columns(),
                outGrid(),
                taps,
                null,
                kernel,
                !transposed,
                target.accumulate(),
                Linear.Activation.NONE,
                grid(),
                target.place().tensor()));
  }
}
