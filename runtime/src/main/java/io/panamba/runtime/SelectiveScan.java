package io.panamba.runtime;

/**
 * The selective state-space scan of one or both directions (Mamba algorithm 2, Vim algorithm 1),
 * fused with everything pointwise:
 *
 * <pre>
 * dt[t]  = softplus(dtBias + dtWeight . projected dt[t])
 * h[t]   = exp(dt[t] * A) h[t'] + dt[t] u[t] B[t]          t' = t - 1 forward, t + 1 backward
 * y[t]   = C[t] . h[t] + D u[t]
 * out[t] = scale * gate[t] * (old out[t] if accumulate + y forward[t] + y backward[t])
 * </pre>
 *
 * A long sequence may be run in pieces, each handed the state that the one before it left: the bits
 * are those of one call.
 *
 * @param forward the direction from first to last, or null
 * @param backward the direction from last to first, or null
 * @param gate silu(z), (batch, length, channels), or null for 1
 * @param scale 0.5 where a model halves the sum of its directions, otherwise 1
 * @param accumulate whether the old content of {@code out} is added
 * @param out (batch, length, channels); float32 or bfloat16, and u and the gate are of the same
 *     type
 */
public record SelectiveScan(
    Direction forward,
    Direction backward,
    Columns gate,
    float scale,
    boolean accumulate,
    Tensor out)
    implements Operation {
  private static final String NAME = "selective scan";

  /** Largest number of states a channel has. */
  public static final int MAX_STATES = 64;

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
   */
  public record Direction(
      Tensor u,
      Tensor projected,
      Tensor dtWeight,
      Tensor dtBias,
      Tensor a,
      Tensor d,
      Tensor initialState,
      Tensor finalState) {
    private void check(DType dtype, Shape out, Shape states, long dtRank) {
      long channels = out.size(2);
      Checks.activation(NAME, "u", u, dtype, out.toArray());
      Checks.shape(
          NAME, "projected", projected, out.size(0), out.size(1), dtRank + 2 * states.size(0));
      Checks.shape(NAME, "dtWeight", dtWeight, dtRank, channels);
      Checks.optional(NAME, "dtBias", dtBias, channels);
      Checks.shape(NAME, "a", a, states.size(0), channels);
      Checks.optional(NAME, "d", d, channels);
      Checks.optional(NAME, "initialState", initialState, out.size(0), states.size(0), channels);
      if (finalState != null) {
        Checks.output(NAME, "finalState", finalState, out.size(0), states.size(0), channels);
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
      forward.check(out.dtype(), shape, a, dtRank);
    }
    if (backward != null) {
      backward.check(out.dtype(), shape, a, dtRank);
    }
    if (gate != null) {
      gate.require(NAME, "gate", out.dtype(), shape.size(0), shape.size(1), shape.size(2));
    }
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
}
