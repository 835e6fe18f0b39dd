package io.panamba.model.graph;

import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Attention;
import io.panamba.runtime.operation.AttentionGradient;
import io.panamba.runtime.operation.Columns;
import java.util.List;

/** Softmax attention of every image to itself, or of one token of it to all. */
record AttentionNode(Value q, Value k, Value v, int heads, Value out) implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(q, k, v);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  @Override
  public ValueType takes(Value input, Liveness in) {
    return ValueType.PRECISION;
  }

  @Override
  public ValueType gives() {
    return ValueType.PRECISION;
  }

  @Override
  public List<Value> needed() {
    return List.of(q, k, v, out);
  }

  @Override
  public boolean isRowWise() {
    return true;
  }

  /** Keys and values are those of all tokens. */
  @Override
  public List<Value> rowInputs() {
    return List.of(q);
  }

  @Override
  public Value ofRows(Graph graph, List<Value> rows) {
    return graph.attention(rows.getFirst(), k, v, heads);
  }

  private long batch() {
    return k.shape().size(0);
  }

  private long queries() {
    return q.shape().rank() == 2 ? 1 : q.shape().size(1);
  }

  /** (batch, rows, ...), whether there is one row of each image or many. */
  private Columns rows(Place place, long rows) {
    Tensor all = place.rows();
    return new Columns(
        all.reshape(Shape.of(batch(), rows, all.shape().size(-1))), place.first(), place.count());
  }

  /** What the gradient needs of every row's softmax, or null if none is formed. */
  private Place statistics(Lowering to) {
    return to.trains() ? to.kept(this, batch(), heads, 2, queries()) : null;
  }

  private Attention operation(Places places) {
    long keys = k.shape().size(1);
    return new Attention(
        rows(places.q, queries()),
        rows(places.k, keys),
        rows(places.v, keys),
        heads,
        (float) (1 / Math.sqrt((double) q.width() / heads)),
        rows(places.out, queries()),
        places.statistics == null ? null : places.statistics.tensor());
  }

  private record Places(Place q, Place k, Place v, Place statistics, Place out) {}

  @Override
  public void lower(Lowering to) {
    Places places = new Places(to.read(q), to.read(k), to.read(v), statistics(to), to.make(out));
    to.add(() -> operation(places));
  }

  @Override
  public void differentiate(Gradients to) {
    Places places =
        new Places(to.read(q), to.read(k), to.read(v), statistics(to.lowering()), to.read(out));
    Place outGradient = to.of(out);
    Gradients.Target toQ = to.whole(q);
    Gradients.Target toK = to.whole(k);
    Gradients.Target toV = to.whole(v);
    to.add(
        () ->
            new AttentionGradient(
                operation(places),
                outGradient.columns(),
                toQ.place().columns(),
                toK.place().columns(),
                toV.place().columns()));
    to.finish(toQ);
    to.finish(toK);
    to.finish(toV);
  }
}
