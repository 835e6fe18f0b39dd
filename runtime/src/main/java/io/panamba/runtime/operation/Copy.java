package io.panamba.runtime.operation;

import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import io.panamba.runtime.internal.Memory;
import java.util.List;

/**
 * A copy between the host's memory and that of a GPU: {@code to = from}. The host's tensor is one
 * of {@link Device#staging}.
 *
 * @param from what is read
 * @param to a tensor of the same type and shape
 */
public record Copy(Tensor from, Tensor to) implements Operation {
  /** Checks types, shapes and sides. */
  public Copy {
    Checks.sameElements(from, to);
    Checks.require(
        (Memory.home(from) == null) != (Memory.home(to) == null),
        "copy",
        "from %s to %s: expected one in the host's memory and one in a GPU's",
        from,
        to);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(from);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(to);
  }
}
