package io.panamba.runtime.operation;

import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * A linear layer: {@code out = activation(accumulate * out + input . weight^T + bias)}, row by row.
 * Sums are float32 whatever the types.
 *
 * @param input rows of depth columns, of the type that the weight is packed in
 * @param weight (columns, depth)
 * @param bias (columns) or null
 * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread, 1
 *     adds to a residual
 * @param activation what the result passes through
 * @param out as many rows, columns columns, float32 or bfloat16; not the input's memory
 */
public record Linear(
    Columns input,
    PackedMatrix weight,
    Tensor bias,
    float accumulate,
    Activation activation,
    Columns out)
    implements Operation {
  private static final String NAME = "linear";

  /** What a layer's result passes through. */
  public enum Activation {
    /** Nothing. */
    NONE,
    /** {@code v / (1 + e^-v)} (arXiv 1702.03118). */
    SILU,
    /** {@code v Phi(v) = v (1 + erf(v / sqrt(2))) / 2} (arXiv 1606.08415). */
    GELU,
    /** {@code max(v, 0)}; NaN of NaN. */
    RELU
  }

  /** Checks shapes. */
  public Linear {
    Checks.present(NAME, "activation", activation);
    check(NAME, input, weight, bias, out);
  }

  static void check(String name, Columns input, PackedMatrix weight, Tensor bias, Columns out) {
    Checks.present(name, "input", input);
    Checks.present(name, "weight", weight);
    Checks.present(name, "out", out);
    Checks.require(
        input.tensor().dtype() == weight.dtype(),
        name,
        "the input is %s, the weight is %s: their types differ",
        input.tensor(),
        weight);
    Checks.require(weight.count() == 1, name, "the weight is %s; expected one matrix", weight);
    Checks.require(input.rows() >= 1, name, "the input %s has no rows", input.tensor());
    Checks.require(
        input.count() == weight.depth(),
        name,
        "the input has %d columns, the weight is %s",
        input.count(),
        weight);
    Checks.require(
        out.count() == weight.columns(),
        name,
        "the output has %d columns, the weight is %s",
        out.count(),
        weight);
    Checks.require(
        input.rows() == out.rows(),
        name,
        "the input has %d rows, the output %d",
        input.rows(),
        out.rows());
    Checks.optional(name, "bias", bias, weight.columns());
    Checks.writable(name, "out", out.tensor());
    Checks.apart(name, "out", out.tensor(), "input", input.tensor());
  }

  /**
   * A layer over all columns of both tensors.
   *
   * @param input (..., depth)
   * @param weight (columns, depth)
   * @param bias (columns) or null
   * @param accumulate what the old content of the output is multiplied by; 0 overwrites it unread
   * @param out (..., columns)
   * @return the operation
   */
  public static Linear of(
      Tensor input, PackedMatrix weight, Tensor bias, float accumulate, Tensor out) {
    return new Linear(
        Columns.of(input), weight, bias, accumulate, Activation.NONE, Columns.of(out));
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(input, weight, bias, accumulate == 0 ? null : out);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
