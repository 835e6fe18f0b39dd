package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Residual add and normalisation over the last axis:
 *
 * <pre>
 * residual = residualScale * residual + addend                                       if there is an addend
 * y = residual / sqrt(mean(residual^2) + eps) * weight + bias                        RMS
 * y = (residual - mean) / sqrt(mean((residual - mean)^2) + eps) * weight + bias      LAYER
 * out = activation(y)
 * </pre>
 *
 * @param kind which of the two
 * @param residual (..., dim); overwritten if there is an addend
 * @param addend of the residual's shape, or null
 * @param residualScale what the residual is multiplied by before the addend is added
 * @param weight (dim)
 * @param bias (dim) or null
 * @param eps added to the mean square
 * @param activation what the result passes through
 * @param out of the residual's shape, float32 or bfloat16; may be the residual itself if there is
 *     no addend
 */
public record Norm(
    Kind kind,
    Tensor residual,
    Tensor addend,
    float residualScale,
    Tensor weight,
    Tensor bias,
    float eps,
    Linear.Activation activation,
    Tensor out)
    implements Operation {
  private static final String NAME = "norm";

  /** The kinds of normalisation. */
  public enum Kind {
    /** Root mean square, no mean subtracted (arXiv 1910.07467). */
    RMS,
    /** Layer normalisation (arXiv 1607.06450). */
    LAYER
  }

  /** Checks shapes. */
  public Norm {
    Checks.present(NAME, "kind", kind);
    Checks.present(NAME, "activation", activation);
    Checks.present(NAME, "residual", residual);
    Checks.require(
        residual.dtype() == DType.F32
            && residual.shape().rank() >= 1
            && residual.shape().elements() > 0,
        NAME,
        "residual is %s; expected F32(..., dim)",
        residual);
    long dim = residual.shape().size(-1);
    Checks.shape(NAME, "weight", weight, dim);
    Checks.optional(NAME, "bias", bias, dim);
    Checks.optional(NAME, "addend", addend, residual.shape().toArray());
    if (addend != null) {
      Checks.writable(NAME, "residual", residual);
    }
    Checks.present(NAME, "out", out);
    Checks.require(
        Checks.isActivation(out.dtype()) && out.shape().equals(residual.shape()),
        NAME,
        "out is %s; expected F32%s or BF16%s",
        out,
        residual.shape(),
        residual.shape());
    Checks.writable(NAME, "out", out);
    Checks.require(eps >= 0, NAME, "eps %s is negative", eps);
  }

  /**
   * A normalisation without an activation.
   *
   * @param kind which
   * @param residual (..., dim)
   * @param addend of the residual's shape, or null
   * @param residualScale what the residual is multiplied by before the addend is added
   * @param weight (dim)
   * @param bias (dim) or null
   * @param eps added to the mean square
   * @param out of the residual's shape
   */
  public Norm(
      Kind kind,
      Tensor residual,
      Tensor addend,
      float residualScale,
      Tensor weight,
      Tensor bias,
      float eps,
      Tensor out) {
    this(kind, residual, addend, residualScale, weight, bias, eps, Linear.Activation.NONE, out);
  }

  /**
   * A normalisation without a residual add.
   *
   * @param kind which
   * @param input (..., dim)
   * @param weight (dim)
   * @param bias (dim) or null
   * @param eps added to the mean square
   * @param out of the input's shape
   * @return the operation
   */
  public static Norm of(
      Kind kind, Tensor input, Tensor weight, Tensor bias, float eps, Tensor out) {
    return new Norm(kind, input, null, 1, weight, bias, eps, out);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(residual, addend, weight, bias);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(addend == null ? null : residual, out);
  }
}
