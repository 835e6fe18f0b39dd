package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.CrossScan;
import io.panamba.runtime.operation.CrossScanGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.Sum;
import java.util.List;

/**
 * The four-walk scan over a grid. For its gradient every 32nd state of a walk is saved: with one
 * state that is an eighth of u for all walks.
 */
record CrossScanNode(Value u, Value projected, Grid grid, CrossWalks walks, Value out)
    implements Node {
  private static final int SAVED_INTERVAL = 32;

  @Override
  public List<Value> inputs() {
    return List.of(u, projected);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType takes(Value input, Liveness in) {
    return input.equals(projected) ? ValueType.FLOAT32 : ValueType.PRECISION;
  }

  @Override
  public ValueType gives() {
    return ValueType.FLOAT32;
  }

  @Override
  public List<Value> needed() {
    return inputs();
  }

  @Override
  public void prepare(Lowering to) {
    to.weights().prepareDecay(walks.logarithms());
  }

  /** Where states are saved, or null if nobody needs them. */
  private Place saved(Lowering to) {
    if (!to.trains()) {
      return null;
    }
    return to.kept(
        this,
        CrossScan.WALKS,
        u.shape().size(0),
        Math.ceilDiv(grid.pixels(), SAVED_INTERVAL),
        states(),
        u.width());
  }

  private long states() {
    return walks.logarithms().kept().size(1);
  }

  private CrossScan.Inputs inputs(Lowering to, Place input, Place numbers) {
    Parameters weights = to.weights();
    return new CrossScan.Inputs(
        grid,
        walks.kind(),
        input.tensor(),
        numbers.tensor(),
        weights.tensor(walks.dtWeight()),
        weights.tensor(walks.dtBias()),
        weights.decay(walks.logarithms()),
        weights.tensor(walks.skip()).reshape(Shape.of(CrossScan.WALKS, u.width())));
  }

  @Override
  public void lower(Lowering to) {
    Place input = to.readInPrecision(u);
    Place numbers = to.read(projected);
    Place saved = saved(to);
    Place result = to.make(out);
    to.add(
        () ->
            new CrossScan(
                inputs(to, input, numbers),
                saved == null ? null : saved.tensor(),
                saved == null ? 0 : SAVED_INTERVAL,
                result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Lowering lowering = to.lowering();
    Place outGradient = to.of(out);
    Place input = to.read(u);
    Place numbers = to.read(projected);
    Place saved = saved(lowering);
    Gradients.Target target = to.whole(u);
    long batch = u.shape().size(0);
    long channels = u.width();
    Place projectedParts =
        to.scratch(ScanGradient.parts(channels), batch, grid.pixels(), projected.width());
    long rank = walks.dtWeight().kept().size(1);
    Place parameterParts = to.scratch(batch, CrossScan.WALKS * (states() + rank + 2), channels);
    to.add(
        () ->
            new CrossScanGradient(
                inputs(lowering, input, numbers),
                saved.tensor(),
                SAVED_INTERVAL,
                outGradient.tensor(),
                target.place().tensor(),
                projectedParts.tensor(),
                parameterParts.tensor()));
    to.finish(target);
    long first = 0;
    for (Weight weight :
        List.of(walks.logarithms(), walks.dtWeight(), walks.dtBias(), walks.skip())) {
      to.sum(parameterParts, first, weight);
      first += weight.elements();
    }
    Gradients.Target numbersTarget = to.into(projected);
    to.use(projectedParts);
    to.add(
        () ->
            Sum.of(
                projectedParts.tensor(),
                0,
                numbersTarget.accumulate(),
                numbersTarget.place().tensor()));
  }
}
