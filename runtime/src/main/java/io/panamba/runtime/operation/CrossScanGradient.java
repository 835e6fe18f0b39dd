package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link CrossScan}. States are computed again, a chunk of {@code savedInterval}
 * pixels at a time, from those that the scan saved.
 *
 * @param inputs the scan's, u in float32
 * @param savedStates the scan's
 * @param savedInterval the scan's
 * @param outGradient (batch, pixels, channels)
 * @param uGradient (batch, pixels, channels): what goes through the walks and d, not through
 *     projected
 * @param projectedParts ({@link ScanGradient#parts}, batch, pixels, 4 * (dtRank + 2 * states)): the
 *     sum over parts is the gradient of projected
 * @param parameterParts (batch, 4 * (states + dtRank + 2), channels): the sum over images holds,
 *     one after the other, the gradients of A_log (4, states, channels), where a = -e^A_log *
 *     log2(e); of dtWeight (4, dtRank, channels); of dtBias (4, channels); and of d (4, channels)
 */
public record CrossScanGradient(
    CrossScan.Inputs inputs,
    Tensor savedStates,
    int savedInterval,
    Tensor outGradient,
    Tensor uGradient,
    Tensor projectedParts,
    Tensor parameterParts)
    implements TrainingOperation {
  private static final String NAME = "cross scan gradient";

  /** Checks shapes. */
  public CrossScanGradient {
    Checks.present(NAME, "inputs", inputs);
    inputs.check(NAME, DType.F32);
    inputs.checkSaved(NAME, savedStates, savedInterval);
    long batch = inputs.batch();
    long pixels = inputs.grid().pixels();
    long channels = inputs.channels();
    Checks.shape(NAME, "outGradient", outGradient, batch, pixels, channels);
    Checks.output(NAME, "uGradient", uGradient, batch, pixels, channels);
    Checks.apart(NAME, "uGradient", uGradient, "u", inputs.u());
    Checks.apart(NAME, "uGradient", uGradient, "outGradient", outGradient);
    Checks.output(
        NAME,
        "projectedParts",
        projectedParts,
        ScanGradient.parts(channels),
        batch,
        pixels,
        inputs.width());
    Checks.output(
        NAME,
        "parameterParts",
        parameterParts,
        batch,
        CrossScan.WALKS * (inputs.states() + inputs.dtRank() + 2),
        channels);
  }

  @Override
  public List<Operand> reads() {
    List<Operand> reads = inputs.reads();
    reads.addAll(List.of(savedStates, outGradient));
    return reads;
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(uGradient, projectedParts, parameterParts);
  }
}
