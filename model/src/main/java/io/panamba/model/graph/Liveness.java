package io.panamba.model.graph;

import io.panamba.runtime.operation.Linear;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Which nodes of a graph are needed, who reads what and in which order, and what follows from it: a
 * value's type, whether it may be overwritten, and what a linear layer may do for its readers.
 */
final class Liveness {
  private static final List<Node> NOBODY = List.of();

  private final List<Node> live = new ArrayList<>();
  private final List<List<Node>> readers;
  private final ValueType[] types;

  /** The place in the order of the node that makes a value. */
  private final int[] order;

  private final boolean[] isOutput;

  /** Whose inputs and weights get no gradients. */
  private final Set<Node> frozen = Collections.newSetFromMap(new IdentityHashMap<>());

  /** What the backward pass reads. */
  private final boolean[] isNeeded;

  Liveness(Graph graph) {
    types = new ValueType[graph.values()];
    order = new int[graph.values()];
    isOutput = new boolean[graph.values()];
    isNeeded = new boolean[graph.values()];
    readers = new ArrayList<>(Collections.nCopies(graph.values(), NOBODY));
    boolean[] wanted = new boolean[graph.values()];
    frozen.addAll(graph.frozenNodes());
    for (Value value : graph.outputs()) {
      isOutput[value.id()] = true;
      wanted[value.id()] = true;
    }
    for (int i = graph.nodes().size() - 1; i >= 0; i--) {
      Node node = graph.nodes().get(i);
      boolean needed = false;
      for (Value value : node.outputs()) {
        needed |= wanted[value.id()];
        order[value.id()] = i;
      }
      if (needed) {
        live.add(node);
        for (Value value : node.inputs()) {
          wanted[value.id()] = true;
          addReader(value, node);
        }
        if (graph.trains() && !isFrozen(node)) {
          node.needed().forEach(value -> isNeeded[value.id()] = true);
        }
      }
    }
    Collections.reverse(live);
    for (List<Node> known : readers) {
      if (known.size() > 1) {
        Collections.reverse(known);
      }
    }
    // Now, so that nothing changes when many threads read it.
    for (Node node : live) {
      node.outputs().forEach(this::type);
    }
  }

  private void addReader(Value value, Node node) {
    List<Node> known = readers.get(value.id());
    if (known.isEmpty()) {
      known = new ArrayList<>(2);
      readers.set(value.id(), known);
    }
    known.add(node);
  }

  /** Whether no gradients are formed of what a node reads. */
  boolean isFrozen(Node node) {
    return frozen.contains(node);
  }

  /** The nodes that outputs need, in order. */
  List<Node> live() {
    return live;
  }

  List<Node> readers(Value value) {
    return readers.get(value.id());
  }

  private int order(Node node) {
    return order[node.outputs().getFirst().id()];
  }

  /** Whether somebody reads it when everything has run. */
  boolean isWanted(Value value) {
    return isOutput[value.id()];
  }

  /**
   * Whether an output can't stay where it is made: its only room is what a sum overwrites, or it
   * lies beside others that are averaged.
   */
  boolean isSpoilt(Value value) {
    for (Node reader : readers(value)) {
      if (reader instanceof MeanNode
          || (reader instanceof AddNode sum && sum.a() == value && isWanted(sum.b()))) {
        return true;
      }
    }
    return false;
  }

  /** Whether it is read when everything has run, and can't stay where it is made. */
  boolean isApart(Value value) {
    return isWanted(value) && isSpoilt(value);
  }

  /** Whether it is read when everything has run, where it is. */
  boolean isOutput(Value value) {
    return isWanted(value) && !isSpoilt(value);
  }

  private boolean isHeld(Value value) {
    return isNeeded[value.id()] || isOutput(value) || value.maker() instanceof InputNode;
  }

  /** Whether nothing reads a value's memory after a node. */
  boolean dies(Value value, Node node) {
    Value root = value;
    while (isShared(root.maker())) {
      root = root.maker().inputs().getFirst();
    }
    return endsAt(root, order(node));
  }

  /** Whether a node's output is in the memory of its input. */
  private static boolean isShared(Node node) {
    return node instanceof ColumnsNode || node instanceof AliasNode;
  }

  private boolean endsAt(Value value, int last) {
    if (isHeld(value)) {
      return false;
    }
    for (Node reader : readers(value)) {
      if (order(reader) > last
          || (isShared(reader) && !endsAt(reader.outputs().getFirst(), last))) {
        return false;
      }
    }
    return true;
  }

  boolean isFirstReadByNorm(Value value) {
    return !readers(value).isEmpty() && readers(value).getFirst() instanceof NormNode;
  }

  /** What the result of a linear layer passes through when it is written. */
  Epilogue epilogue(Value value) {
    if (readers(value).size() == 1 && !isHeld(value)) {
      Epilogue epilogue = readers(value).getFirst().epilogue(value);
      if (epilogue != null) {
        return epilogue;
      }
    }
    return new Epilogue(Linear.Activation.NONE, value);
  }

  /** The residual sum that a linear layer can form as it writes a value, or null. */
  AddNode accumulator(Value value, Node linear) {
    if (readers(value).size() != 1
        || isHeld(value)
        || !(readers(value).getFirst() instanceof AddNode sum)
        || sum.b() != value
        || sum.a() == value
        || !dies(sum.a(), sum)) {
      return null;
    }
    for (Node reader : readers(sum.a())) {
      if (order(reader) != order(sum) && order(reader) >= order(linear)) {
        return null;
      }
    }
    return sum;
  }

  /** The gate by which a linear layer can multiply a value as it writes it, or null. */
  GatedConvNode multiplier(Value value) {
    boolean free =
        readers(value).size() == 1
            && !isHeld(value)
            && readers(value).getFirst() instanceof GatedConvNode gated
            && gated.plain() == value
            && readers(gated.gate()).size() == 1
            && dies(gated.gate(), gated)
            && type(gated.gate()) == type(gated.out())
            && type(gated.gate()) == type(value);
    return free ? (GatedConvNode) readers(value).getFirst() : null;
  }

  /** The type of a value's elements. */
  ValueType type(Value value) {
    ValueType known = types[value.id()];
    if (known == null) {
      known = findType(value);
      types[value.id()] = known;
    }
    return known;
  }

  private ValueType findType(Value value) {
    ValueType given = value.maker().gives();
    if (given != ValueType.ANY) {
      return given;
    }
    if (isWanted(value) || readers(value).isEmpty()) {
      return ValueType.FLOAT32;
    }
    for (Node reader : readers(value)) {
      if (reader.takes(value, this) == ValueType.FLOAT32) {
        return ValueType.FLOAT32;
      }
    }
    return ValueType.PRECISION;
  }
}
