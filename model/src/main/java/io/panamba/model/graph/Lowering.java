package io.panamba.model.graph;

import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Convert;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Writes the nodes of a graph as operations. Memory comes last: a node names places, and says in
 * which step it uses them, before there are tensors.
 *
 * <p>Three rules make of nodes what one would write by hand. An activation of what a linear layer
 * gives becomes its epilogue. A residual sum is formed by the linear layer that gives its second
 * term, or by the norm that reads it first. What nobody reads again is overwritten where an
 * operation can.
 */
final class Lowering {
  /** A residual sum that a norm is to form. */
  record Addend(float scale, Place place) {}

  private final Liveness liveness;
  private final DType precision;
  private final boolean trains;
  private final boolean joins;
  private final BiFunction<float[], Shape, Tensor> constants;
  private final Parameters weights;

  /** Outputs that have memory of their own, so that others may overwrite the value. */
  private final Map<Value, Place> separate = new HashMap<>();

  private final Place[] places;
  private final Addend[] addends;

  /** Values that were multiplied into the gate that reads them. */
  private final boolean[] multiplied;

  private final IdentityHashMap<Object, Place> sides = new IdentityHashMap<>();

  /** Halves of buffers that have a value. */
  private final Set<Place> taken = new HashSet<>();

  private final IdentityHashMap<float[], Tensor> tables = new IdentityHashMap<>();
  private final List<Buffer> buffers = new ArrayList<>();
  private final List<Consumer<List<Operation>>> steps = new ArrayList<>();

  /** The first steps of parts. */
  private final Map<Node, Integer> begun = new HashMap<>();

  private List<Buffer> used = new ArrayList<>();
  private Tensor imageScales;
  private Tensor pixelValues;

  /** The value whose memory for the host is being written, or null. */
  private Value separated;

  /**
   * Prepares a graph.
   *
   * @param weights makes its parameters
   * @param constants makes tensors of tables
   * @param joins whether parts of a linear layer lie side by side, so that a device that launches
   *     one operation after the other can take them as one; apart, each has a lifetime of its own
   */
  Lowering(
      Graph graph,
      DType precision,
      Function<Lowering, Parameters> weights,
      BiFunction<float[], Shape, Tensor> constants,
      boolean joins) {
    this.precision = precision;
    this.joins = joins;
    this.trains = graph.trains();
    this.constants = constants;
    this.liveness = graph.liveness();
    this.places = new Place[graph.values()];
    this.addends = new Addend[graph.values()];
    this.multiplied = new boolean[graph.values()];
    this.weights = weights.apply(this);
  }

  Liveness liveness() {
    return liveness;
  }

  Parameters weights() {
    return weights;
  }

  boolean trains() {
    return trains;
  }

  boolean joins() {
    return joins;
  }

  /** Writes the forward pass. */
  void forward() {
    if (trains) {
      liveness.live().forEach(node -> node.prepare(this));
    }
    for (Node node : liveness.live()) {
      lower(node);
      for (Value value : node.outputs()) {
        if (liveness.isApart(value)) {
          writeApart(value, node);
        }
      }
    }
  }

  private void lower(Node node) {
    aside(() -> node.lower(this));
  }

  /** Writes steps before the one that is being prepared, whose places stay in use. */
  void aside(Runnable writing) {
    List<Buffer> outer = used;
    used = new ArrayList<>();
    writing.run();
    used = outer;
  }

  /** As {@link #aside}; the step that is being prepared uses the place that they make. */
  private Place placeAside(Supplier<Place> writing) {
    Place[] place = new Place[1];
    aside(() -> place[0] = writing.get());
    return use(place[0]);
  }

  /**
   * Computes an output once more, for who reads it in the end; or copies it, where its maker may
   * have overwritten what it reads.
   */
  private void writeApart(Value value, Node maker) {
    if (!(maker instanceof EmbedNode || maker instanceof LinearNode)) {
      Place from = use(places[value.id()]);
      Place copy = use(Place.of(buffer(dtype(value), value.shape())));
      add(() -> new Convert(from.columns(), copy.columns()));
      separate.put(value, copy);
      return;
    }
    Place first = places[value.id()];
    places[value.id()] = null;
    separated = value;
    lower(maker);
    separated = null;
    separate.put(value, places[value.id()]);
    places[value.id()] = first;
  }

  /** What the result of a linear layer passes through when it is written. */
  Epilogue epilogue(Value value) {
    return value == separated
        ? new Epilogue(Linear.Activation.NONE, value)
        : liveness.epilogue(value);
  }

  /** The residual sum that a linear layer can form as it writes a value, or null. */
  AddNode accumulator(Value value, Node linear) {
    AddNode sum = value == separated ? null : liveness.accumulator(value, linear);
    return sum == null || !isThere(sum.a()) || addends[sum.a().id()] != null ? null : sum;
  }

  /**
   * The gate by which a linear layer multiplies a value as it writes it, or null; its memory then
   * is the value's.
   */
  Place multiplier(Value value) {
    GatedConvNode gated = value == separated ? null : liveness.multiplier(value);
    if (gated == null || !isThere(gated.gate())) {
      return null;
    }
    multiplied[value.id()] = true;
    Place place = places[gated.gate().id()].columns(0, value.width());
    put(value, place);
    return use(place);
  }

  boolean isMultiplied(Value value) {
    return multiplied[value.id()];
  }

  private DType dtype(Value value) {
    return liveness.type(value) == ValueType.FLOAT32 ? DType.F32 : precision;
  }

  // Places.

  /** The next step uses a place; null for null. */
  Place use(Place place) {
    if (place != null) {
      used.add(place.buffer());
    }
    return place;
  }

  boolean isThere(Value value) {
    return places[value.id()] != null;
  }

  void put(Value value, Place place) {
    places[value.id()] = place;
  }

  /** Where a value is; in the backward pass it is made again, if it was not kept. */
  Place read(Value value) {
    if (!isThere(value)) {
      lower(value.maker());
    }
    if (addends[value.id()] != null) {
      throw new IllegalStateException(value + " is read before its sum is formed");
    }
    return use(places[value.id()]);
  }

  /** Where a value is in the network's precision, converted if it is kept in float32. */
  Place readInPrecision(Value value) {
    if (dtype(value) == precision) {
      return read(value);
    }
    return placeAside(
        () -> {
          Place from = read(value);
          Place converted = scratchInPrecision(value.shape().toArray());
          add(() -> new Convert(from.columns(), converted.columns()));
          return converted;
        });
  }

  /** A new place for a value. */
  Place make(Value value) {
    Place place;
    if (value != separated
        && liveness.readers(value).size() == 1
        && liveness.readers(value).getFirst() instanceof MeanNode mean) {
      place = joint(mean).columns(mean.parts().indexOf(value) * value.width(), value.width());
    } else {
      place = Place.of(buffer(dtype(value), value.shape()));
    }
    put(value, place);
    return use(place);
  }

  /**
   * New places for two values of one shape, of which an operation each is made. Where two such
   * operations can be one, the values are the halves of a buffer.
   */
  List<Place> makePair(Value first, Value second) {
    if (!joins || dtype(first) != dtype(second)) {
      return List.of(make(first), make(second));
    }
    Buffer both = pair(first);
    Place one = Place.half(both, 0);
    Place other = Place.half(both, 1);
    put(first, one);
    put(second, other);
    return List.of(use(one), use(other));
  }

  /**
   * A new place for what is made of a value. Of the halves of a buffer, the first that are asked
   * for are the halves of another, if they are of one shape.
   */
  Place makeOf(Place input, Value value) {
    if (!input.isHalf()) {
      return make(value);
    }
    Buffer both = sides.computeIfAbsent(input.buffer(), _ -> Place.of(pair(value))).buffer();
    Place place = Place.half(both, input.half());
    boolean fits = both.dtype() == dtype(value) && both.shape().equals(pairOf(value.shape()));
    if (!fits || !taken.add(place)) {
      return make(value);
    }
    put(value, place);
    return use(place);
  }

  private static Shape pairOf(Shape shape) {
    long[] sizes = shape.toArray();
    sizes[0] *= 2;
    return Shape.of(sizes);
  }

  /** Memory for two values of a shape. */
  private Buffer pair(Value value) {
    return buffer(dtype(value), pairOf(value.shape()));
  }

  /** A place for a node's result, that of its input if nobody reads it afterwards. */
  Place makeOver(Value value, Value input, Node node) {
    return liveness.dies(input, node) && isThere(input) && dtype(value) == dtype(input)
        ? continued(input, value)
        : make(value);
  }

  /** A value in the place of another. */
  Place continued(Value input, Value value) {
    put(value, places[input.id()]);
    return use(places[input.id()]);
  }

  /** The memory in which what is averaged lies side by side: (batch, parts * width). */
  Place joint(MeanNode mean) {
    return sides.computeIfAbsent(
        mean,
        _ ->
            Place.of(
                buffer(
                    DType.F32,
                    Shape.of(
                        mean.out().shape().size(0), mean.parts().size() * mean.out().width()))));
  }

  /** Memory of a step, or of a few. */
  Place scratch(long... sizes) {
    return use(Place.of(buffer(DType.F32, Shape.of(sizes))));
  }

  /** Memory of a step in the network's precision. */
  Place scratchInPrecision(long... sizes) {
    return use(Place.of(buffer(precision, Shape.of(sizes))));
  }

  /** What a node leaves for its gradient. */
  Place kept(Object owner, long... sizes) {
    return use(sides.computeIfAbsent(owner, _ -> Place.of(buffer(DType.F32, Shape.of(sizes)))));
  }

  Buffer buffer(DType dtype, Shape shape) {
    Buffer buffer = new Buffer(dtype, shape);
    buffers.add(buffer);
    return buffer;
  }

  /** A tensor of numbers that never change. */
  Tensor constant(float[] numbers, Shape shape) {
    return tables.computeIfAbsent(numbers, values -> constants.apply(values, shape));
  }

  /** A residual sum waits for the norm that reads it. */
  void waits(Value sum, Place place, float scale, Place addend) {
    put(sum, place);
    addends[sum.id()] = new Addend(scale, addend);
  }

  /** The sum that a norm is to form, or null. */
  Addend takeAddend(Value value) {
    Addend addend = addends[value.id()];
    addends[value.id()] = null;
    return addend;
  }

  void setPixelValues(Tensor values) {
    pixelValues = values;
  }

  /** What a byte of the image stands for, (colours, 256), or null if it is of numbers. */
  Tensor pixelValues() {
    return pixelValues;
  }

  void setImageScales(Tensor scales) {
    imageScales = scales;
  }

  /** What each image's output is multiplied by, (batch), or null. */
  Tensor imageScale(int drop) {
    return drop == Graph.KEPT
        ? null
        : imageScales.slice(drop, 1).reshape(Shape.of(imageScales.shape().size(1)));
  }

  // Steps.

  void add(Supplier<Operation> step) {
    addAll(operations -> operations.add(step.get()));
  }

  void addAll(Consumer<List<Operation>> step) {
    int number = steps.size();
    used.forEach(buffer -> buffer.use(number));
    used.clear();
    steps.add(step);
  }

  int steps() {
    return steps.size();
  }

  List<Buffer> buffers() {
    return buffers;
  }

  /** Where an output is, for who reads it in the end; null for null. */
  Place output(Value value) {
    if (value == null) {
      return null;
    }
    Place place = separate.getOrDefault(value, places[value.id()]);
    place.buffer().keep();
    return place;
  }

  /** After the forward pass only what it keeps is there. */
  void forgetRepeated() {
    for (Node node : liveness.live()) {
      if (node.isRepeated() || node.isRestored()) {
        node.outputs().forEach(value -> places[value.id()] = null);
      }
    }
  }

  /** A part begins with the next step. */
  void begin(Node part) {
    begun.put(part, steps.size());
    put(part.outputs().getFirst(), Place.of(buffer(DType.F32, Shape.of(1))));
  }

  /**
   * Writes the operations, once places have memory.
   *
   * @return the first operation of each part
   */
  Map<Node, Integer> write(List<Operation> operations) {
    Map<Integer, Integer> firsts = writeSteps(operations);
    Map<Node, Integer> parts = new HashMap<>();
    begun.forEach((part, step) -> parts.put(part, firsts.get(step)));
    return parts;
  }

  /** Writes the operations, and tells the first of each step. */
  Map<Integer, Integer> writeSteps(List<Operation> operations) {
    Map<Integer, Integer> firsts = new HashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      firsts.put(i, operations.size());
      steps.get(i).accept(operations);
    }
    firsts.put(steps.size(), operations.size());
    return firsts;
  }
}
