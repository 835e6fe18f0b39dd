package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The selective scan of an image along four walks over its pixels (VMamba's SS2D, arXiv 2401.10166,
 * section 4.2). At a pixel p, where walk k comes from its pixel before, with a state that began at
 * zero and goes on across the ends of rows and columns:
 *
 * <pre>
 * dt     = softplus(dtBias[k] + dtWeight[k] . projected dt[p, k])
 * h      = exp(dt * A[k]) h + dt u[p] B[p, k]
 * y_k[p] = C[p, k] . h
 * out[p] = (d[0] + d[1] + d[2] + d[3]) u[p] + y_0[p] + y_1[p] + y_2[p] + y_3[p]
 * </pre>
 *
 * @param inputs what it reads
 * @param savedStates (4, batch, ceil(pixels / savedInterval), states, channels), of each walk in
 *     its order: the states before every savedInterval-th pixel, for {@link CrossScanGradient}; or
 *     null
 * @param savedInterval pixels between the states that are saved, 1 to 64; 0 if none are saved
 * @param out (batch, pixels, channels), float32 whatever u is
 */
public record CrossScan(Inputs inputs, Tensor savedStates, int savedInterval, Tensor out)
    implements Operation {
  private static final String NAME = "cross scan";

  /** How many walks there are. */
  public static final int WALKS = 4;

  /** In which order the four walks go over the pixels. */
  public enum Walks {
    /** By rows, by columns, by rows reversed, by columns reversed. */
    CROSS,
    /** By rows four times. */
    UNIDI,
    /** By rows twice, by rows reversed twice. */
    BIDI
  }

  /**
   * What is scanned, and by what.
   *
   * @param grid of all pixels
   * @param walks over them
   * @param u (batch, pixels, channels), float32 or bfloat16; of a gradient float32
   * @param projected (batch, pixels, 4 * (dtRank + 2 * states)), float32: dt, B and C of every
   *     pixel for the first walk, then those for the next
   * @param dtWeight (4, dtRank, channels)
   * @param dtBias (4, channels) or null
   * @param a (4, states, channels): A * log2(e), nowhere positive
   * @param d (4, channels) or null
   */
  public record Inputs(
      Grid grid,
      Walks walks,
      Tensor u,
      Tensor projected,
      Tensor dtWeight,
      Tensor dtBias,
      Tensor a,
      Tensor d) {
    /** Checks shapes but for those of savedStates. */
    void check(String name, DType dtype) {
      Checks.present(name, "grid", grid);
      Checks.present(name, "walks", walks);
      Shape shape = Checks.activationRank(name, "u", u, 3);
      long channels = shape.size(2);
      Checks.activation(name, "u", u, dtype, shape.size(0), grid.pixels(), channels);
      Checks.rank(name, "a", a, 3);
      Checks.rank(name, "dtWeight", dtWeight, 3);
      Checks.require(
          states() <= SelectiveScan.MAX_STATES,
          name,
          "%d states; at most %d",
          states(),
          SelectiveScan.MAX_STATES);
      Checks.shape(name, "projected", projected, shape.size(0), grid.pixels(), width());
      Checks.shape(name, "dtWeight", dtWeight, WALKS, dtRank(), channels);
      Checks.optional(name, "dtBias", dtBias, WALKS, channels);
      Checks.shape(name, "a", a, WALKS, states(), channels);
      Checks.optional(name, "d", d, WALKS, channels);
    }

    void checkSaved(String name, Tensor savedStates, int savedInterval) {
      SelectiveScan.checkInterval(name, savedInterval);
      Checks.output(
          name,
          "savedStates",
          savedStates,
          WALKS,
          batch(),
          Math.ceilDiv(grid.pixels(), savedInterval),
          states(),
          channels());
    }

    /**
     * Returns the number of images.
     *
     * @return at least 1
     */
    public long batch() {
      return u.shape().size(0);
    }

    /**
     * Returns the number of channels.
     *
     * @return at least 1
     */
    public long channels() {
      return u.shape().size(2);
    }

    /**
     * Returns the number of states.
     *
     * @return 1 to 64
     */
    public long states() {
      return a.shape().size(1);
    }

    /**
     * Returns the rank of the dt projection.
     *
     * @return at least 1
     */
    public long dtRank() {
      return dtWeight.shape().size(1);
    }

    /**
     * Returns how many numbers are projected of every pixel.
     *
     * @return those of all walks
     */
    public long width() {
      return WALKS * (dtRank() + 2 * states());
    }

    List<Operand> reads() {
      return Operand.of(u, projected, dtWeight, dtBias, a, d);
    }
  }

  /** Checks shapes. */
  public CrossScan {
    Checks.present(NAME, "inputs", inputs);
    inputs.check(NAME, inputs.u == null ? DType.F32 : inputs.u.dtype());
    if (savedStates != null) {
      inputs.checkSaved(NAME, savedStates, savedInterval);
    }
    Checks.require(
        savedInterval >= 0 && savedInterval <= SelectiveScan.MAX_SAVED_INTERVAL,
        NAME,
        "states are saved every 1 to %d rows, not %d",
        SelectiveScan.MAX_SAVED_INTERVAL,
        savedInterval);
    Checks.output(NAME, "out", out, inputs.batch(), inputs.grid.pixels(), inputs.channels());
    Checks.apart(NAME, "out", out, "u", inputs.u);
  }

  @Override
  public List<Operand> reads() {
    return inputs.reads();
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out, savedStates);
  }
}
