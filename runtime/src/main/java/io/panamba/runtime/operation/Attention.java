package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.List;

/**
 * Multi-head softmax attention of every image to itself (Vaswani et al., arXiv 1706.03762, section
 * 3.2): head h owns columns {@code h * headDim} to {@code (h + 1) * headDim - 1}, and
 *
 * <pre>{@code out[i] = sum over j of softmax over j of (scale * q[i] . k[j]) * v[j]}</pre>
 *
 * <p>Queries may be fewer than keys, where few rows of {@code out} are wanted: they have the bits
 * that they have among all, but for bfloat16 on a GPU with cuDNN, which may compute them otherwise.
 *
 * <p>The softmax streams over keys (Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv
 * 2205.14135), so that no memory grows with the square of the length. Sums are float32 whatever the
 * type; of bfloat16, weights are rounded before they multiply v.
 *
 * @param q of (batch, queries, ...), float32 or bfloat16, {@code heads * headDim} columns
 * @param k of (batch, length, ...), of the same type and as many columns; length is at least
 *     queries
 * @param v likewise
 * @param heads how many
 * @param scale what scores are multiplied by, above 0
 * @param out of (batch, queries, ...), likewise, no input's memory
 * @param statistics (batch, heads, 2, queries), what {@link AttentionGradient} reads; or null
 */
public record Attention(
    Columns q, Columns k, Columns v, int heads, float scale, Columns out, Tensor statistics)
    implements Operation {
  private static final String NAME = "attention";

  /** The most columns of a head. */
  public static final int MAX_HEAD_DIM = 128;

  /** Checks shapes. */
  public Attention {
    Checks.present(NAME, "q", q);
    Checks.present(NAME, "k", k);
    Checks.present(NAME, "v", v);
    Checks.present(NAME, "out", out);
    Shape shape = requireHeads(NAME, q, heads, scale);
    DType dtype = q.tensor().dtype();
    long batch = shape.size(0);
    long queries = shape.size(1);
    long length = Checks.activationRank(NAME, "k", k.tensor(), 3).size(1);
    Checks.require(queries <= length, NAME, "%d queries of %d keys", queries, length);
    k.require(NAME, "k", dtype, batch, length, q.count());
    v.require(NAME, "v", dtype, batch, length, q.count());
    out.require(NAME, "out", dtype, batch, queries, q.count());
    Checks.writable(NAME, "out", out.tensor());
    Checks.apart(NAME, "out", out.tensor(), "q", q.tensor());
    Checks.apart(NAME, "out", out.tensor(), "k", k.tensor());
    Checks.apart(NAME, "out", out.tensor(), "v", v.tensor());
    if (statistics != null) {
      Checks.output(NAME, "statistics", statistics, batch, heads, 2, queries);
    }
  }

  /** Requires (batch, queries, ...) rows whose columns are whole heads; the result is the shape. */
  static Shape requireHeads(String operation, Columns q, int heads, float scale) {
    Shape shape = Checks.activationRank(operation, "q", q.tensor(), 3);
    Checks.require(
        heads >= 1 && q.count() % heads == 0 && q.count() / heads <= MAX_HEAD_DIM,
        operation,
        "%d columns are not %d heads of at most %d columns",
        q.count(),
        heads,
        MAX_HEAD_DIM);
    Checks.require(
        scale > 0 && scale < Float.POSITIVE_INFINITY,
        operation,
        "the scale is %s; expected a finite number above 0",
        scale);
    return shape;
  }

  /**
   * Attention of rows of {@code [q | k | v]}, as one linear layer writes them, with the scale
   * {@code headDim^-1/2}.
   *
   * @param qkv (batch, length, 3 * width)
   * @param heads how many
   * @param out (batch, length, width)
   * @param statistics see the record
   * @return the operation
   */
  public static Attention of(Tensor qkv, int heads, Tensor out, Tensor statistics) {
    Columns rows = Columns.of(qkv);
    Checks.require(
        heads >= 1 && rows.count() % (3L * heads) == 0,
        NAME,
        "the rows of %s are not q, k and v of %d heads each",
        qkv,
        heads);
    long width = rows.count() / 3;
    return new Attention(
        new Columns(qkv, 0, width),
        new Columns(qkv, width, width),
        new Columns(qkv, 2 * width, width),
        heads,
        (float) (1 / Math.sqrt((double) width / heads)),
        Columns.of(out),
        statistics);
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(q, k, v);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out, statistics);
  }
}
