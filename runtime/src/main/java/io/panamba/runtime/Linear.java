package io.panamba.runtime;

/**
 * A linear layer: {@code out = accumulate * out + input . weight^T + bias}, row by row.
 *
 * @param input rows of depth columns
 * @param weight (columns, depth)
 * @param bias (columns) or null
 * @param accumulate what the old content of {@code out} is multiplied by; 0 overwrites it unread, 1
 *     adds to a residual
 * @param out as many rows, columns columns; not the input's memory
 */
public record Linear(Columns input, PackedMatrix weight, Tensor bias, float accumulate, Columns out)
    implements Operation {
  private static final String NAME = "linear";

  /** Checks shapes. */
  public Linear {
    Checks.present(NAME, "input", input);
    Checks.present(NAME, "weight", weight);
    Checks.present(NAME, "out", out);
    Checks.require(input.rows() >= 1, NAME, "the input %s has no rows", input.tensor());
    Checks.require(
        input.count() == weight.depth(),
        NAME,
        "the input has %d columns, the weight is %s",
        input.count(),
        weight);
    Checks.require(
        out.count() == weight.columns(),
        NAME,
        "the output has %d columns, the weight is %s",
        out.count(),
        weight);
    Checks.require(
        input.rows() == out.rows(),
        NAME,
        "the input has %d rows, the output %d",
        input.rows(),
        out.rows());
    Checks.optional(NAME, "bias", bias, weight.columns());
    Checks.writable(NAME, "out", out.tensor());
    Checks.apart(NAME, "out", out.tensor(), "input", input.tensor());
  }

  /**
   * A layer over all columns of both tensors.
   *
   * @param input (..., depth)
   * @param weight (columns, depth)
   * @param bias (columns) or null
   * @param accumulate see the record
   * @param out (..., columns)
   * @return the operation
   */
  public static Linear of(
      Tensor input, PackedMatrix weight, Tensor bias, float accumulate, Tensor out) {
    return new Linear(Columns.of(input), weight, bias, accumulate, Columns.of(out));
  }
}
