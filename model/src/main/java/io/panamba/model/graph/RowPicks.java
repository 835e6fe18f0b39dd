package io.panamba.model.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Moves the picking of a token above nodes that work row by row, where nothing else reads what they
 * make: a norm, a linear layer, a sum are then computed for that token alone, to the same bits. A
 * pick stops where it would take rows that are not float32.
 */
final class RowPicks {
  private record Row(Value value, long token) {}

  private final Graph graph;
  private final boolean exact;
  private final Set<Value> outputs;
  private final Map<Value, List<Node>> readers = new HashMap<>();
  private final Map<Value, Boolean> pickedOnly = new HashMap<>();
  private final Map<Row, Value> rows = new HashMap<>();

  private RowPicks(Graph graph, boolean exact) {
    this.graph = graph;
    this.exact = exact;
    this.outputs = graph.outputs();
    Set<Value> live = new HashSet<>(outputs);
    for (Node node : graph.nodes().reversed()) {
      boolean needed = false;
      for (Value value : node.outputs()) {
        needed |= live.contains(value);
      }
      if (needed) {
        for (Value input : node.inputs()) {
          live.add(input);
          readers.computeIfAbsent(input, _ -> new ArrayList<>(2)).add(node);
        }
      }
    }
  }

  /**
   * Moves every pick as far as it goes.
   *
   * @param exact whether all values are float32
   */
  static void move(Graph graph, boolean exact) {
    boolean any = false;
    for (Node node : graph.nodes()) {
      any |= node instanceof PoolNode pool && pool.isPick() && pool.x().maker().isRowWise();
    }
    if (!any) {
      return;
    }
    RowPicks picks = new RowPicks(graph, exact);
    for (Node node : graph.takeNodes()) {
      if (node instanceof PoolNode pool && pool.isPick() && picks.moves(pool.x())) {
        graph.alias(picks.row(pool.x(), pool.first()), pool.out());
      } else {
        graph.nodes().add(node);
      }
    }
  }

  /** Whether picking a row of a value is better done before the node that makes it. */
  private boolean moves(Value value) {
    return isPickedOnly(value) && canBeMadeOfRows(value);
  }

  /** Whether all that is read of a value is one row, or several. */
  private boolean isPickedOnly(Value value) {
    Boolean known = pickedOnly.get(value);
    if (known == null) {
      known =
          !outputs.contains(value)
              && readers.containsKey(value)
              && readers.get(value).stream().allMatch(reader -> isPicked(value, reader));
      pickedOnly.put(value, known);
    }
    return known;
  }

  private boolean isPicked(Value value, Node reader) {
    return reader instanceof PoolNode pool
        ? pool.isPick()
        : reader.isRowWise()
            && reader.rowInputs().contains(value)
            && isPickedOnly(reader.outputs().getFirst());
  }

  /** Whether a node makes a row of rows that can be picked or made. */
  private boolean canBeMadeOfRows(Value value) {
    Node maker = value.maker();
    return maker.isRowWise()
        && (!(maker instanceof AddNode sum) || isFormed(sum))
        && maker.rowInputs().stream().allMatch(input -> isExact(input) || canBeMadeOfRows(input));
  }

  /** Whether a linear layer or a norm will form a sum of rows. */
  private boolean isFormed(AddNode sum) {
    return (sum.b().maker() instanceof LinearNode && moves(sum.b()))
        || readers.get(sum.out()).getFirst() instanceof NormNode;
  }

  /** The residual stream is float32 in every precision, and so is what is added to it. */
  private boolean isExact(Value value) {
    return exact
        || value.maker() instanceof AddNode
        || value.maker() instanceof EmbedNode
        || value.maker() instanceof AlgorithmNode
        || readers.get(value).stream().anyMatch(AddNode.class::isInstance);
  }

  /** A row: picked where that is possible, and made where it is better or the only way. */
  private Value row(Value value, long token) {
    Row key = new Row(value, token);
    Value known = rows.get(key);
    if (known == null) {
      Node maker = value.maker();
      known =
          moves(value) || !isExact(value)
              ? maker.ofRows(
                  graph, maker.rowInputs().stream().map(input -> row(input, token)).toList())
              : graph.pick(value, token);
      rows.put(key, known);
    }
    return known;
  }
}
