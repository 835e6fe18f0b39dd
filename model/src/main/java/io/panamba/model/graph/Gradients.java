package io.panamba.model.graph;

import io.panamba.model.weights.TrainedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Sum;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Writes the backward pass: nodes in the reverse of their order, each by its rule. What reaches a
 * value from several readers is added up in place. A residual sum hands one gradient to both of its
 * terms; whoever adds to it while the other has yet to read it gets a copy.
 */
final class Gradients {
  /**
   * Where a gradient goes.
   *
   * @param value of which it is
   * @param place to be written
   * @param accumulate 1 if it is to be added to what is there
   */
  record Target(Value value, Place place, float accumulate) {}

  /**
   * Where the gradient of a weight goes.
   *
   * @param gradient of the weight
   * @param accumulate 1 if it is to be added to what is there
   */
  record WeightTarget(Tensor gradient, float accumulate) {}

  private final Lowering lowering;
  private final TrainedWeights store;
  private final boolean ofInput;
  private final Map<Value, Place> gradients = new HashMap<>();

  /** How many values have yet to read the gradients in a buffer. */
  private final IdentityHashMap<Buffer, Integer> shares = new IdentityHashMap<>();

  /** Of values whose gradient is written by columns: how many are. */
  private final Map<Value, Long> written = new HashMap<>();

  private final Set<Weight> begun = new HashSet<>();
  private final Map<Value, List<Runnable>> waiting = new HashMap<>();

  Gradients(Lowering lowering, TrainedWeights store, boolean ofInput) {
    this.lowering = lowering;
    this.store = store;
    this.ofInput = ofInput;
  }

  /** The gradient of a value that everything starts from. */
  void start(Value value, Place gradient) {
    share(value, gradient);
  }

  /** Writes the backward pass. */
  void backward() {
    backward(null);
  }

  /** Writes the backward pass as far as to a value, or all of it. */
  void backward(Value to) {
    lowering.forgetRepeated();
    for (Node node : lowering.liveness().live().reversed()) {
      if (to != null && node.outputs().contains(to)) {
        return;
      }
      if (!lowering.liveness().isFrozen(node)
          && node.outputs().stream().anyMatch(gradients::containsKey)) {
        node.outputs().forEach(this::requireWhole);
        node.differentiate(this);
        node.outputs().forEach(this::release);
      }
    }
  }

  private void requireWhole(Value value) {
    Long columns = written.get(value);
    if (columns != null && columns != value.width()) {
      throw new IllegalStateException(
          "of %s, %d columns have a gradient and the others none".formatted(value, columns));
    }
  }

  Lowering lowering() {
    return lowering;
  }

  Parameters weights() {
    return lowering.weights();
  }

  /** The transposes of a convolution's matrices, packed. */
  PackedMatrix transposedTaps(Weight weight) {
    return ((TrainedParameters) lowering.weights()).transposedTaps(weight);
  }

  Place read(Value value) {
    return lowering.read(value);
  }

  Place use(Place place) {
    return lowering.use(place);
  }

  Place scratch(long... sizes) {
    return lowering.scratch(sizes);
  }

  void add(Supplier<Operation> step) {
    lowering.add(step);
  }

  /** The gradient of what a node makes. */
  Place of(Value value) {
    Place gradient = gradients.get(value);
    if (gradient == null) {
      throw new IllegalStateException("nothing reads " + value);
    }
    return use(gradient);
  }

  /** The gradient of a value when everything has run, or null. */
  Place after(Value value) {
    return gradients.get(value);
  }

  /** Whether anybody needs the gradient of a value. */
  boolean wants(Value value) {
    Node maker = value.maker();
    return !lowering.liveness().isFrozen(maker) && (ofInput || !(maker instanceof InputNode));
  }

  /** Where an operation writes, or adds to, a value's gradient. */
  Target into(Value value) {
    Place place = gradients.get(value);
    if (place == null) {
      return new Target(value, fresh(value), 0);
    }
    return new Target(value, own(value), 1);
  }

  /** Where an operation writes a value's gradient that can't add; {@link #finish} has to follow. */
  Target whole(Value value) {
    if (!gradients.containsKey(value)) {
      return new Target(value, fresh(value), 0);
    }
    return new Target(value, scratch(value.shape().toArray()), 1);
  }

  /** Adds what an operation wrote that could not add. */
  void finish(Target written) {
    if (written.accumulate() != 0) {
      use(written.place());
      sum(written.place(), 1, 1, own(written.value()));
    }
  }

  /** Hands a gradient on, times a factor. */
  void pass(Place gradient, float scale, Value value) {
    if (value.maker() instanceof ColumnsNode) {
      throw new IllegalStateException("columns are no terms of a sum where gradients are formed");
    }
    if (!gradients.containsKey(value)) {
      if (scale == 1) {
        share(value, gradient);
        return;
      }
      use(gradient);
      sum(gradient, scale, 0, fresh(value));
      return;
    }
    Place own = own(value);
    use(gradient);
    sum(gradient, scale, 1, own);
  }

  private void sum(Place from, float scale, float accumulate, Place to) {
    add(
        () ->
            new Sum(from.tensor(), 0, 1, from.buffer().elements(), accumulate, scale, to.tensor()));
  }

  /** The first that reaches a value. Of columns it is a part of the gradient of all. */
  private Place fresh(Value value) {
    Place place;
    if (value.maker() instanceof ColumnsNode columns) {
      Place all = gradients.get(columns.x());
      if (all == null) {
        all = fresh(columns.x());
      }
      place = all.columns(columns.first(), value.width());
      written.merge(columns.x(), value.width(), Long::sum);
    } else {
      place = Place.of(lowering.buffer(DType.F32, value.shape()));
    }
    share(value, place);
    return use(place);
  }

  /** A value's gradient, in memory that nobody else has yet to read. */
  private Place own(Value value) {
    Place place = gradients.get(value);
    if (value.maker() instanceof ColumnsNode) {
      throw new IllegalStateException("columns are read once where gradients are formed");
    }
    if (shares.get(place.buffer()) == 1) {
      return use(place);
    }
    Place copy = Place.of(lowering.buffer(DType.F32, value.shape()));
    lowering.aside(
        () -> {
          use(place);
          use(copy);
          sum(place, 1, 0, copy);
        });
    release(value);
    share(value, copy);
    return use(copy);
  }

  private void share(Value value, Place place) {
    gradients.put(value, place);
    shares.merge(place.buffer(), 1, Integer::sum);
  }

  private void release(Value value) {
    Place place = gradients.get(value);
    if (place != null) {
      shares.merge(place.buffer(), -1, Integer::sum);
    }
  }

  /** Where the gradient of a weight goes. */
  WeightTarget into(Weight weight) {
    return new WeightTarget(store.gradient(weight), begun.add(weight) ? 0 : 1);
  }

  /**
   * Adds up a piece of parts: the gradient of a weight.
   *
   * @param parts (count, ...)
   * @param first the piece's first element in a part
   */
  void sum(Place parts, long first, Weight weight) {
    WeightTarget target = into(weight);
    use(parts);
    add(() -> Sum.of(parts.tensor(), first, target.accumulate(), target.gradient()));
  }

  /**
   * Does something as soon as a value is there: now, or when the gradient of the node that makes it
   * has made it again.
   *
   * @param gradient that it reads
   */
  void whenThere(Value value, Place gradient, Runnable action) {
    if (lowering.isThere(value) || !value.maker().isRestored()) {
      action.run();
      return;
    }
    shares.merge(gradient.buffer(), 1, Integer::sum);
    waiting
        .computeIfAbsent(value, _ -> new ArrayList<>())
        .add(
            () -> {
              action.run();
              shares.merge(gradient.buffer(), -1, Integer::sum);
            });
  }

  /** A place where a node's gradient makes its output again. */
  Place remake(Value value) {
    return lowering.make(value);
  }

  /** A value has been made again. */
  void isThere(Value value) {
    List<Runnable> actions = waiting.remove(value);
    if (actions != null) {
      actions.forEach(Runnable::run);
    }
  }
}
