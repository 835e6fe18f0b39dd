package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * The gradient of an {@link Attention}. The weights of its softmax are computed again from the
 * statistics that it left (Dao et al., arXiv 2205.14135, algorithm 4).
 *
 * @param forward what was run: float32, with statistics, and as many queries as keys
 * @param outGradient of the shape of its {@code out}
 * @param qGradient of the shape of q, and as the others neither an input's memory nor each other's
 *     columns: the three may be columns of one tensor
 * @param kGradient of k
 * @param vGradient of v
 */
public record AttentionGradient(
    Attention forward, Columns outGradient, Columns qGradient, Columns kGradient, Columns vGradient)
    implements TrainingOperation {
  private static final String NAME = "attention gradient";

  /** Checks shapes. */
  public AttentionGradient {
    Checks.present(NAME, "forward", forward);
    Columns.float32(NAME, "q", forward.q());
    Checks.present(NAME, "the statistics of the forward pass", forward.statistics());
    long queries = forward.q().tensor().shape().size(1);
    long keys = forward.k().tensor().shape().size(1);
    Checks.require(
        queries == keys, NAME, "%d queries of %d keys; expected as many of both", queries, keys);
    Columns[] gradients = {qGradient, kGradient, vGradient};
    String[] names = {"qGradient", "kGradient", "vGradient"};
    requireRows("outGradient", outGradient, forward);
    for (int i = 0; i < gradients.length; i++) {
      requireRows(names[i], gradients[i], forward);
      Checks.writable(NAME, names[i], gradients[i].tensor());
      requireApart(names[i], gradients[i].tensor(), forward, outGradient);
    }
    for (int i = 0; i < gradients.length; i++) {
      int next = (i + 1) % gradients.length;
      requireApart(names[i], gradients[i], names[next], gradients[next]);
    }
  }

  private static void requireRows(String name, Columns columns, Attention forward) {
    Checks.present(NAME, name, columns);
    Shape shape = forward.q().tensor().shape();
    columns.require(NAME, name, DType.F32, shape.size(0), shape.size(1), forward.q().count());
  }

  private static void requireApart(
      String name, Tensor gradient, Attention forward, Columns outGradient) {
    Checks.apart(NAME, name, gradient, "q", forward.q().tensor());
    Checks.apart(NAME, name, gradient, "k", forward.k().tensor());
    Checks.apart(NAME, name, gradient, "v", forward.v().tensor());
    Checks.apart(NAME, name, gradient, "out", forward.out().tensor());
    Checks.apart(NAME, name, gradient, "statistics", forward.statistics());
    Checks.apart(NAME, name, gradient, "outGradient", outGradient.tensor());
  }

  /** Two gradients are columns side by side in one tensor, or of tensors apart. */
  private static void requireApart(String name, Columns one, String other, Columns two) {
    if (one.tensor().equals(two.tensor())) {
      Checks.require(
          one.first() + one.count() <= two.first() || two.first() + two.count() <= one.first(),
          NAME,
          "%s and %s share columns of %s",
          name,
          other,
          one.tensor());
    } else {
      Checks.apart(NAME, name, one.tensor(), other, two.tensor());
    }
  }

  @Override
  public List<Operand> reads() {
    List<Operand> reads = forward.reads();
    reads.addAll(forward.writes());
    reads.add(outGradient);
    return reads;
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(qGradient, kGradient, vGradient);
  }
}
