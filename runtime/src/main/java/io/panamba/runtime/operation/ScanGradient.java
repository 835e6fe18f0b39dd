package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link SelectiveScan} over whole sequences, whose states began at zero. States
 * are computed again, a chunk of {@code savedInterval} rows at a time, from those that the scan
 * saved.
 *
 * @param outGradient (batch, length, channels)
 * @param z the scan's gate, (batch, length, channels), or null
 * @param imageScale the scan's
 * @param zGradient (batch, length, channels); null if z is
 * @param out (batch, length, channels): the scan's result once more, where it was not kept, to the
 *     last bits; or null
 * @param forward the direction from first to last, or null
 * @param backward the direction from last to first, or null
 * @param scale the scan's
 * @param savedInterval the scan's
 */
public record ScanGradient(
    Tensor outGradient,
    Columns z,
    Tensor imageScale,
    Columns zGradient,
    Tensor out,
    Direction forward,
    Direction backward,
    float scale,
    int savedInterval)
    implements TrainingOperation {
  private static final String NAME = "scan gradient";

  /** Neighbouring channels that are added up to one part of the gradient of projected. */
  public static final int PART_CHANNELS = 64;

  /**
   * One direction.
   *
   * @param scan the direction as it was run, saving states and starting from none
   * @param uGradient (batch, length, channels): what goes through the scan and D, not through
   *     projected
   * @param projectedParts ({@link #parts}, batch, length, dtRank + 2 * states): the sum over parts
   *     is the gradient of projected
   * @param parameterParts (batch, states + dtRank + 2, channels): the sum over images holds, one
   *     after the other, the gradients of A_log (states, channels), where a = -e^A_log * log2(e);
   *     of dtWeight (dtRank, channels); of dtBias; and of D
   */
  public record Direction(
      SelectiveScan.Direction scan,
      Tensor uGradient,
      Tensor projectedParts,
      Tensor parameterParts) {}

  /** Checks shapes. */
  public ScanGradient {
    Checks.require(forward != null || backward != null, NAME, "no direction");
    Shape shape = Checks.rank(NAME, "outGradient", outGradient, 3);
    SelectiveScan.Direction any = (forward != null ? forward : backward).scan();
    Checks.present(NAME, "scan", any);
    Shape a = Checks.rank(NAME, "a", any.a(), 2);
    long dtRank = Checks.rank(NAME, "dtWeight", any.dtWeight(), 2).size(0);
    Checks.require(
        a.size(0) <= SelectiveScan.MAX_STATES,
        NAME,
        "%d states; at most %d",
        a.size(0),
        SelectiveScan.MAX_STATES);
    SelectiveScan.checkInterval(NAME, savedInterval);
    for (Direction direction : new Direction[] {forward, backward}) {
      if (direction != null) {
        check(direction, shape, a, dtRank, savedInterval);
      }
    }
    Checks.optional(NAME, "imageScale", imageScale, shape.size(0));
    Checks.require(
        (z == null) == (zGradient == null), NAME, "z and zGradient have to come together");
    if (z != null) {
      z.require(NAME, "z", DType.F32, shape.size(0), shape.size(1), shape.size(2));
      zGradient.require(NAME, "zGradient", DType.F32, shape.size(0), shape.size(1), shape.size(2));
      Checks.writable(NAME, "zGradient", zGradient.tensor());
    }
    if (out != null) {
      Checks.output(NAME, "out", out, shape.toArray());
    }
  }

  private static void check(
      Direction direction, Shape shape, Shape a, long dtRank, int savedInterval) {
    SelectiveScan.Direction scan = direction.scan();
    Checks.present(NAME, "scan", scan);
    scan.check(NAME, DType.F32, shape, a, dtRank, savedInterval);
    Checks.require(scan.initialState() == null, NAME, "the scan did not start from zero");
    Checks.present(NAME, "savedStates", scan.savedStates());
    long width = dtRank + 2 * a.size(0);
    Checks.output(NAME, "uGradient", direction.uGradient(), shape.toArray());
    Checks.output(
        NAME,
        "projectedParts",
        direction.projectedParts(),
        parts(shape.size(2)),
        shape.size(0),
        shape.size(1),
        width);
    Checks.output(
        NAME,
        "parameterParts",
        direction.parameterParts(),
        shape.size(0),
        a.size(0) + dtRank + 2,
        shape.size(2));
  }

  /**
   * Returns how many parts the gradient of projected comes in.
   *
   * @param channels of the scan
   * @return the number of parts
   */
  public static long parts(long channels) {
    return Math.ceilDiv(channels, PART_CHANNELS);
  }

  /**
   * Returns the number of states.
   *
   * @return 1 to 64
   */
  public long states() {
    return (forward != null ? forward : backward).scan().a().shape().size(0);
  }

  /**
   * Returns the rank of the dt projection.
   *
   * @return at least 1
   */
  public long dtRank() {
    return (forward != null ? forward : backward).scan().dtWeight().shape().size(0);
  }

  @Override
  public List<Operand> reads() {
    List<Operand> reads = Operand.of(outGradient, z, imageScale);
    for (Direction direction : directions()) {
      reads.addAll(direction.scan.reads());
      reads.add(direction.scan.savedStates());
    }
    return reads;
  }

  @Override
  public List<Operand> writes() {
    List<Operand> writes = Operand.of(zGradient, out);
    for (Direction direction : directions()) {
      writes.addAll(
          Operand.of(direction.uGradient, direction.projectedParts, direction.parameterParts));
    }
    return writes;
  }

  private List<Direction> directions() {
    return forward == null
        ? List.of(backward)
        : backward == null ? List.of(forward) : List.of(forward, backward);
  }
}
