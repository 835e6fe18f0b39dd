package io.panamba.runtime.operation;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of a {@link Norm}: {@code residualGradient = accumulate * residualGradient +} the
 * gradient of what was normalised. With an accumulate of 1 the residual stream's gradient grows in
 * place.
 *
 * @param kind which
 * @param residual (..., dim): what was normalised
 * @param weight (dim)
 * @param eps the norm's
 * @param outGradient of the residual's shape
 * @param accumulate 0 overwrites the residual's gradient unread
 * @param residualGradient of the residual's shape, no input's memory
 * @param parameterParts ({@link #parts}, 2, dim): the sum over parts holds the gradients of weight
 *     and of bias
 */
public record NormGradient(
    Norm.Kind kind,
    Tensor residual,
    Tensor weight,
    float eps,
    Tensor outGradient,
    float accumulate,
    Tensor residualGradient,
    Tensor parameterParts)
    implements TrainingOperation {
  private static final String NAME = "norm gradient";

  /** Rows that are added up to one part. */
  public static final int PART_ROWS = 64;

  /** Checks shapes. */
  public NormGradient {
    Checks.present(NAME, "kind", kind);
    Checks.float32(NAME, "residual", residual);
    Checks.require(
        residual.shape().rank() >= 1 && residual.shape().elements() > 0,
        NAME,
        "residual is %s; expected F32(..., dim)",
        residual);
    long dim = residual.shape().size(-1);
    Checks.shape(NAME, "weight", weight, dim);
    Checks.shape(NAME, "outGradient", outGradient, residual.shape().toArray());
    Checks.output(NAME, "residualGradient", residualGradient, residual.shape().toArray());
    Checks.output(
        NAME, "parameterParts", parameterParts, parts(residual.shape().elements() / dim), 2, dim);
    Checks.apart(NAME, "residualGradient", residualGradient, "residual", residual);
    Checks.apart(NAME, "residualGradient", residualGradient, "outGradient", outGradient);
    Checks.require(eps >= 0, NAME, "eps %s is negative", eps);
  }

  /**
   * Returns how many parts the parameters' gradients come in.
   *
   * @param rows of the residual
   * @return the number of parts
   */
  public static long parts(long rows) {
    return Math.ceilDiv(rows, PART_ROWS);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(residual, weight, outGradient, accumulate == 0 ? null : residualGradient);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(residualGradient, parameterParts);
  }
}
