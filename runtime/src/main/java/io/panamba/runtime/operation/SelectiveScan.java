package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The selective state-space scan of one or both directions (Mamba algorithm 2, Vim algorithm 1),
 * fused with everything pointwise:
 *
 * <pre>
 * dt[t]  = softplus(dtBias + dtWeight . projected dt[t])
 * h[t]   = exp(dt[t] * A) h[t'] + dt[t] u[t] B[t]          t' = t - 1 forward, t + 1 backward
 * y[t]   = C[t] . h[t] + D u[t]
 * out[t] = scale * imageScale * silu(gate[t])
 *          * (old out[t] if accumulate + y forward[t] + y backward[t])
 * </pre>
 *
 * A long sequence may be run in pieces, each handed the state that the one before it left: the bits
 * are those of one call.
 *
 * @param forward the direction from first to last, or null
 * @param backward the direction from last to first, or null
 * @param gate z, (batch, length, channels), or null: then the gate's factor is 1
 * @param scale 0.5 where a model halves the sum of its directions, otherwise 1
 * @param imageScale (batch), or null for 1: stochastic depth (arXiv 1603.09382) drops images here
 * @param savedInterval rows between the states that directions save, 1 to 64; 0 if none are saved
 * @param accumulate whether the old content of {@code out} is added
 * @param out (batch, length, channels); float32 or bfloat16, and u and the gate are of the same
 *     type
 */
public record SelectiveScan(
    Direction forward,
    Direction backward,
    Columns gate,
    float scale,
    Tensor imageScale,
    int savedInterval,
    boolean accumulate,
    Tensor out)
    implements Operation {
  private static final String NAME = "selective scan";

  /** Largest number of states a channel has. */
  public static final int MAX_STATES = 64;

  /** Most rows between saved states. */
  public static final int MAX_SAVED_INTERVAL = 64;

  /**
   * One direction.
   *
   * @param u (batch, length, channels)
   * @param projected (batch, length, dtRank + 2 * states), float32: dt, B and C of every token
   * @param dtWeight (dtRank, channels)
   * @param dtBias (channels) or null
   * @param a (states, channels): A * log2(e), nowhere positive
   * @param d (channels) or null
   * @param initialState (batch, states, channels), or null for zero
   * @param finalState (batch, states, channels), or null if it is not wanted
   * @param savedStates (batch, ceil(length / savedInterval), states, channels), in the order in
   *     which time runs: the states before every savedInterval-th row, for {@link ScanGradient}; or
   *     null
   */
  public record Direction(
      Tensor u,
      Tensor projected,
      Tensor dtWeight,
      Tensor dtBias,
      Tensor a,
      Tensor d,
      Tensor initialState,
      Tensor finalState,
      Tensor savedStates) {
    /** What a direction reads, saved states excluded. */
    List<Operand> reads() {
      return Operand.of(u, projected, dtWeight, dtBias, a, d, initialState);
    }

    void check(String name, DType dtype, Shape out, Shape states, long dtRank, int savedInterval) {
      long channels = out.size(2);
      Checks.activation(name, "u", u, dtype, out.toArray());
      Checks.shape(
          name, "projected", projected, out.size(0), out.size(1), dtRank + 2 * states.size(0));
      Checks.shape(name, "dtWeight", dtWeight, dtRank, channels);
      Checks.optional(name, "dtBias", dtBias, channels);
      Checks.shape(name, "a", a, states.size(0), channels);
      Checks.optional(name, "d", d, channels);
      Checks.optional(name, "initialState", initialState, out.size(0), states.size(0), channels);
      if (finalState != null) {
        Checks.output(name, "finalState", finalState, out.size(0), states.size(0), channels);
      }
      if (savedStates != null) {
        checkInterval(name, savedInterval);
        long chunks = Math.ceilDiv(out.size(1), savedInterval);
        Checks.output(
            name, "savedStates", savedStates, out.size(0), chunks, states.size(0), channels);
      }
    }
  }

  /** Checks shapes. */
  public SelectiveScan {
    Checks.require(forward != null || backward != null, NAME, "no direction");
    Direction any = forward != null ? forward : backward;
    Shape shape = Checks.activationRank(NAME, "out", out, 3);
    Checks.writable(NAME, "out", out);
    Shape a = Checks.rank(NAME, "a", any.a, 2);
    long dtRank = Checks.rank(NAME, "dtWeight", any.dtWeight, 2).size(0);
    Checks.require(a.size(0) <= MAX_STATES, NAME, "%d states; at most %d", a.size(0), MAX_STATES);
    if (forward != null) {
      forward.check(NAME, out.dtype(), shape, a, dtRank, savedInterval);
    }
    if (backward != null) {
      backward.check(NAME, out.dtype(), shape, a, dtRank, savedInterval);
    }
    if (gate != null) {
      gate.require(NAME, "gate", out.dtype(), shape.size(0), shape.size(1), shape.size(2));
    }
    Checks.optional(NAME, "imageScale", imageScale, shape.size(0));
    Checks.require(
        savedInterval >= 0 && savedInterval <= MAX_SAVED_INTERVAL,
        NAME,
        "states are saved every 1 to %d rows, not %d",
        MAX_SAVED_INTERVAL,
        savedInterval);
  }

  static void checkInterval(String name, int savedInterval) {
    Checks.require(
        savedInterval >= 1 && savedInterval <= MAX_SAVED_INTERVAL,
        name,
        "states are saved every 1 to %d rows, not %d",
        MAX_SAVED_INTERVAL,
        savedInterval);
  }

  /**
   * Returns the number of states.
   *
   * @return 1 to 64
   */
  public long states() {
    return (forward != null ? forward : backward).a.shape().size(0);
  }

  /**
   * Returns the rank of the dt projection.
   *
   * @return at least 1
   */
  public long dtRank() {
    return (forward != null ? forward : backward).dtWeight.shape().size(0);
  }

  @Override
  public List<Operand> reads() {
    List<Operand> reads = Operand.of(gate, imageScale, accumulate ? out : null);
    directions().forEach(direction -> reads.addAll(direction.reads()));
    return reads;
  }

  @Override
  public List<Operand> writes() {
    List<Operand> writes = Operand.of(out);
    for (Direction direction : directions()) {
      writes.addAll(Operand.of(direction.finalState, direction.savedStates));
    }
    return writes;
  }

  private List<Direction> directions() {
    return forward == null
        ? List.of(backward)
        : backward == null ? List.of(forward) : List.of(forward, backward);
  }
}
