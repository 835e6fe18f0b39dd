package io.panamba.runtime.operation;

import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import java.util.List;

/**
 * A linear layer whose result goes through a gate as it is written: {@code out = out * (input .
 * weight^T + bias)}, row by row. Sums are float32 whatever the types.
 *
 * @param input rows of depth columns, of the type that the weight is packed in
 * @param weight (columns, depth)
 * @param bias (columns) or null
 * @param out the gate, as many rows of columns columns, float32 or bfloat16, overwritten; not the
 *     input's memory
 */
public record GatedLinear(Columns input, PackedMatrix weight, Tensor bias, Columns out)
    implements Operation {
  /** Checks shapes. */
  public GatedLinear {
    Linear.check("gated linear", input, weight, bias, out);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(input, weight, bias, out);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}
