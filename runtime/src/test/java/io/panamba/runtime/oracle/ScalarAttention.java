package io.panamba.runtime.oracle;

import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import java.util.stream.IntStream;

/** Attention and its gradient, with the whole matrix of weights, of all queries or of a few. */
public final class ScalarAttention {
  private final int batch;
  private final int[] chosen;
  private final int queries;
  private final int length;
  private final int heads;
  private final int dim;
  private final int width;
  private final float scale;
  private final float[] q;
  private final float[] k;
  private final float[] v;

  /** Of each image and head, each query's weights. */
  private final double[][][] weights;

  /** The largest sum of absolute terms of a score: what scores are off is relative to it. */
  private double largestScore;

  /**
   * Attention of every query.
   *
   * @param op which
   */
  public ScalarAttention(Attention op) {
    this(op, IntStream.range(0, Math.toIntExact(op.q().tensor().shape().size(1))).toArray());
  }

  /**
   * Attention of some queries, in time and memory that grow with their number.
   *
   * @param op which
   * @param chosen which rows of every image
   */
  public ScalarAttention(Attention op, int... chosen) {
    Shape shape = op.k().tensor().shape();
    batch = Math.toIntExact(shape.size(0));
    this.chosen = chosen.clone();
    queries = chosen.length;
    length = Math.toIntExact(shape.size(1));
    heads = op.heads();
    width = Math.toIntExact(op.q().count());
    dim = width / heads;
    scale = op.scale();
    q = Floats.rows(op.q(), chosen);
    k = Floats.of(op.k());
    v = Floats.of(op.v());
    weights = new double[batch * heads][queries][];
    for (int plane = 0; plane < batch * heads; plane++) {
      for (int query = 0; query < queries; query++) {
        weights[plane][query] = softmax(plane, query);
      }
    }
  }

  /** The first element of a key's or a value's row of one head. */
  private int row(int plane, int row) {
    return (plane / heads * length + row) * width + plane % heads * dim;
  }

  /** Likewise, of a query's row, or of {@code out}. */
  private int queryRow(int plane, int query) {
    return (plane / heads * queries + query) * width + plane % heads * dim;
  }

  private double[] softmax(int plane, int query) {
    double[] scores = new double[length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int key = 0; key < length; key++) {
      double magnitude = 0;
      for (int i = 0; i < dim; i++) {
        double term = (double) scale * q[queryRow(plane, query) + i] * k[row(plane, key) + i];
        scores[key] += term;
        magnitude += Math.abs(term);
      }
      largest = Math.max(largest, scores[key]);
      largestScore = Math.max(largestScore, magnitude);
    }
    double total = 0;
    for (int key = 0; key < length; key++) {
      scores[key] = Math.exp(scores[key] - largest);
      total += scores[key];
    }
    for (int key = 0; key < length; key++) {
      scores[key] /= total;
    }
    return scores;
  }

  /**
   * What float32 results may be off at worst.
   *
   * @return relative to the sums of their absolute terms
   */
  public double bound() {
    double score = (dim + 5) * 0x1p-24 * largestScore;
    return 1e-6 + 2 * score + (2 * dim + length) * 0x1p-24;
  }

  /**
   * The result.
   *
   * @return (batch, chosen queries, width)
   */
  public Values out() {
    Values out = new Values(q.length);
    for (int plane = 0; plane < batch * heads; plane++) {
      for (int query = 0; query < queries; query++) {
        for (int key = 0; key < length; key++) {
          for (int i = 0; i < dim; i++) {
            out.add(
                queryRow(plane, query) + i, weights[plane][query][key] * v[row(plane, key) + i]);
          }
        }
      }
    }
    return out;
  }

  /**
   * The gradients of q, k and v.
   *
   * @param q (batch, chosen queries, width)
   * @param k (batch, length, width)
   * @param v likewise
   */
  public record Gradients(Values q, Values k, Values v) {}

  /**
   * The gradients. Those of k and v are sums over queries: of the chosen ones, as if the gradient
   * of the others' results were zero.
   *
   * @param op the gradient of the same attention
   * @return the expected ones
   */
  public Gradients gradients(AttentionGradient op) {
    float[] gradient = Floats.rows(op.outGradient(), chosen);
    Gradients sums =
        new Gradients(new Values(q.length), new Values(k.length), new Values(v.length));
    for (int plane = 0; plane < batch * heads; plane++) {
      for (int query = 0; query < queries; query++) {
        passQuery(plane, query, gradient, sums);
      }
    }
    return sums;
  }

  private void passQuery(int plane, int query, float[] gradient, Gradients sums) {
    double[] weight = weights[plane][query];
    int own = queryRow(plane, query);
    Values slopes = new Values(length);
    double dot = 0;
    double dotMagnitude = 0;
    for (int key = 0; key < length; key++) {
      for (int i = 0; i < dim; i++) {
        slopes.add(key, (double) gradient[own + i] * v[row(plane, key) + i]);
        sums.v.add(row(plane, key) + i, weight[key] * gradient[own + i]);
      }
      dot += weight[key] * slopes.value(key);
      dotMagnitude += weight[key] * slopes.magnitude(key);
    }
    for (int key = 0; key < length; key++) {
      double factor = scale * weight[key] * (slopes.value(key) - dot);
      double magnitude = scale * weight[key] * (slopes.magnitude(key) + dotMagnitude);
      int other = row(plane, key);
      for (int i = 0; i < dim; i++) {
        sums.q.add(own + i, factor * k[other + i], magnitude * k[other + i]);
        sums.k.add(other + i, factor * q[own + i], magnitude * q[own + i]);
      }
    }
  }
}
