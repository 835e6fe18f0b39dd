package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.operation.ScanGradient;
import io.panamba.runtime.operation.SelectiveScan;
import io.panamba.runtime.operation.Sum;
import java.util.ArrayList;
import java.util.List;

/**
 * The selective scan of one or both directions, gated by silu(z). For its gradient every 32nd state
 * is saved: with 16 states that is half a row of u a direction.
 */
record ScanNode(Walk forward, Walk backward, Value z, float scale, int drop, Value out)
    implements Node {
  private static final int SAVED_INTERVAL = 32;

  private List<Walk> walks() {
    return forward == null
        ? List.of(backward)
        : backward == null ? List.of(forward) : List.of(forward, backward);
  }

  @Override
  public List<Value> inputs() {
    List<Value> inputs = new ArrayList<>();
    walks().forEach(walk -> inputs.addAll(List.of(walk.u(), walk.projected())));
    inputs.add(z);
    return inputs;
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType takes(Value input, Liveness in) {
    return walks().stream().anyMatch(walk -> walk.projected() == input)
        ? ValueType.FLOAT32
        : ValueType.PRECISION;
  }

  @Override
  public ValueType gives() {
    return ValueType.PRECISION;
  }

  @Override
  public List<Value> needed() {
    return inputs();
  }

  @Override
  public boolean isRestored() {
    return true;
  }

  @Override
  public void prepare(Lowering to) {
    walks().forEach(walk -> to.weights().prepareDecay(walk.a()));
  }

  /** A direction's places. */
  private record Run(Walk walk, Place u, Place projected, Place saved) {
    static Run of(Walk walk, Lowering to, Place saved) {
      return walk == null
          ? null
          : new Run(walk, to.read(walk.u()), to.read(walk.projected()), saved);
    }

    SelectiveScan.Direction direction(Parameters weights) {
      return new SelectiveScan.Direction(
          u.tensor(),
          projected.tensor(),
          weights.tensor(walk.dtWeight()),
          weights.tensor(walk.dtBias()),
          weights.decay(walk.a()),
          weights.tensor(walk.d()),
          null,
          null,
          saved == null ? null : saved.tensor());
    }
  }

  private static SelectiveScan.Direction direction(Run run, Lowering to) {
    return run == null ? null : run.direction(to.weights());
  }

  /** Where the states of a direction are saved, or null if nobody needs them. */
  private Place saved(Lowering to, Walk walk) {
    if (walk == null || !to.trains()) {
      return null;
    }
    long states = walk.a().kept().size(0);
    return to.kept(
        walk,
        z.shape().size(0),
        Math.ceilDiv(z.shape().size(1), SAVED_INTERVAL),
        states,
        z.width());
  }

  @Override
  public void lower(Lowering to) {
    Place gate = to.read(z);
    Run first = Run.of(forward, to, saved(to, forward));
    Run second = Run.of(backward, to, saved(to, backward));
    to.use(gate);
    Place result = to.make(out);
    to.add(
        () ->
            new SelectiveScan(
                direction(first, to),
                direction(second, to),
                gate.columns(),
                scale,
                to.imageScale(drop),
                to.trains() ? SAVED_INTERVAL : 0,
                false,
                result.tensor()));
  }

  /** A direction's gradients. */
  private record Back(Run run, Gradients.Target u, Place projectedParts, Place parameterParts) {
    ScanGradient.Direction direction(Parameters weights) {
      return new ScanGradient.Direction(
          run.direction(weights),
          u.place().tensor(),
          projectedParts.tensor(),
          parameterParts.tensor());
    }
  }

  private static ScanGradient.Direction direction(Back back, Lowering to) {
    return back == null ? null : back.direction(to.weights());
  }

  private Back back(Walk walk, Gradients to) {
    if (walk == null) {
      return null;
    }
    long batch = z.shape().size(0);
    long length = z.shape().size(1);
    long inner = z.width();
    Run run = Run.of(walk, to.lowering(), saved(to.lowering(), walk));
    long states = walk.a().kept().size(0);
    long rank = walk.dtWeight().kept().size(0);
    return new Back(
        run,
        to.whole(walk.u()),
        to.scratch(ScanGradient.parts(inner), batch, length, walk.projected().width()),
        to.scratch(batch, states + rank + 2, inner));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    Back first = back(forward, to);
    Back second = back(backward, to);
    Place input = to.read(z);
    Gradients.Target zTarget = to.whole(z);
    Place again = to.remake(out);
    to.use(outGradient);
    to.add(
        () ->
            new ScanGradient(
                outGradient.tensor(),
                input.columns(),
                to.lowering().imageScale(drop),
                zTarget.place().columns(),
                again.tensor(),
                direction(first, to.lowering()),
                direction(second, to.lowering()),
                scale,
                SAVED_INTERVAL));
    to.finish(zTarget);
    to.isThere(out);
    finish(first, to);
    finish(second, to);
  }

  private static void finish(Back back, Gradients to) {
    if (back == null) {
      return;
    }
    Walk walk = back.run.walk;
    long first = 0;
    for (Weight weight : new Weight[] {walk.a(), walk.dtWeight(), walk.dtBias(), walk.d()}) {
      if (weight != null) {
        to.sum(back.parameterParts, first, weight);
      }
      first += weight == null ? back.u.place().count() : weight.elements();
    }
    to.finish(back.u);
    Gradients.Target projected = to.into(walk.projected());
    Place parts = to.use(back.projectedParts);
    to.add(() -> Sum.of(parts.tensor(), 0, projected.accumulate(), projected.place().tensor()));
  }
}
