package io.panamba.model.weights;

import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * The parameters of a network in float32, in the layout that kernels take, and as many gradients,
 * moments and averages: each one flat tensor, first what decays, then what does not. Between
 * parameters, gaps of zeros keep every one aligned.
 */
public final class TrainedWeights {
  private static final long ALIGNMENT = Tensor.ALIGNMENT / Float.BYTES;

  private record Place(Weight weight, long first) {}

  private final Map<String, Place> places = new LinkedHashMap<>();

  /** What is stored beside the parameters and does not learn. */
  private final Map<String, Weight> constants = new LinkedHashMap<>();

  private final Map<String, float[]> numbers = new HashMap<>();
  private final Arena arena;
  private final long decaying;
  private final Set<Weight> frozen;
  private final Tensor values;
  private final Tensor gradients;
  private final Tensor firstMoments;
  private final Tensor secondMoments;
  private final Tensor averages;

  /** Of the last load, in its order. */
  private List<String> order = List.of();

  /**
   * Allocates, with zeros.
   *
   * @param weights of a network; constants have no gradients
   * @param joined those that follow the one before without a gap, to be one tensor with it
   * @param frozen those that stay as they are, without gradients and moments; they lie last
   * @param averaged whether a moving average is kept
   * @param arena the owner of the memory
   */
  public TrainedWeights(
      List<Weight> weights, Set<Weight> joined, Set<Weight> frozen, boolean averaged, Arena arena) {
    this.arena = arena;
    this.frozen = frozen;
    List<Weight> learning = new ArrayList<>();
    for (Weight weight : weights) {
      if (weight.learning() == Learning.NONE) {
        constants.put(weight.key(), weight);
      } else {
        learning.add(weight);
      }
    }
    learning.sort(
        Comparator.<Weight, Boolean>comparing(frozen::contains).thenComparing(Weight::learning));
    long end = 0;
    long split = 0;
    long trained = 0;
    for (Weight weight : learning) {
      long first = joined.contains(weight) ? end : Math.ceilDiv(end, ALIGNMENT) * ALIGNMENT;
      places.put(weight.key(), new Place(weight, first));
      end = first + weight.elements();
      if (!frozen.contains(weight)) {
        trained = end;
        if (weight.learning() == Learning.DECAYS) {
          split = Math.ceilDiv(end, ALIGNMENT) * ALIGNMENT;
        }
      }
    }
    this.decaying = split;
    values = flat(end);
    gradients = flat(trained);
    firstMoments = flat(trained);
    secondMoments = flat(trained);
    averages = averaged ? flat(trained) : null;
  }

  private Tensor flat(long elements) {
    return Tensor.allocate(arena, DType.F32, Shape.of(elements));
  }

  /**
   * Tells how many elements of the flat tensors decay: the first ones.
   *
   * @return a number of elements, gaps included
   */
  public long decaying() {
    return decaying;
  }

  /**
   * Returns all weights.
   *
   * @return a flat tensor
   */
  public Tensor values() {
    return values;
  }

  /**
   * Returns all gradients.
   *
   * @return a flat tensor
   */
  public Tensor gradients() {
    return gradients;
  }

  /**
   * Returns moving averages of gradients.
   *
   * @return a flat tensor
   */
  public Tensor firstMoments() {
    return firstMoments;
  }

  /**
   * Returns moving averages of squared gradients.
   *
   * @return a flat tensor
   */
  public Tensor secondMoments() {
    return secondMoments;
  }

  /**
   * Returns moving averages of the weights.
   *
   * @return a flat tensor, or null if none is kept
   */
  public Tensor averages() {
    return averages;
  }

  /**
   * Counts parameters.
   *
   * @return elements of all weights, frozen ones too
   */
  public long elements() {
    return places.values().stream().mapToLong(place -> place.weight.elements()).sum();
  }

  /**
   * Returns the memory of all flat tensors.
   *
   * @return bytes
   */
  public long bytes() {
    long learning = gradients.segment().byteSize() * (averages == null ? 3 : 4);
    return values.segment().byteSize() + learning;
  }

  /**
   * Returns a weight as kernels take it.
   *
   * @param weight of the network
   * @return the tensor, in {@linkplain Weight#kept its shape}
   */
  public Tensor value(Weight weight) {
    return view(values, weight.key());
  }

  /**
   * Returns the gradient of a weight.
   *
   * @param weight of the network
   * @return a tensor of the weight's shape
   */
  public Tensor gradient(Weight weight) {
    return view(gradients, weight.key());
  }

  /**
   * Reads a weight.
   *
   * @param weight of the network, a constant too
   * @return its elements as they were loaded, last axis fastest
   */
  public float[] numbers(Weight weight) {
    float[] constant = numbers.get(weight.key());
    return constant != null ? constant : value(weight).toFloats();
  }

  /**
   * Returns weights or their gradients that follow one another without a gap as one tensor.
   *
   * @param flat {@link #values} or {@link #gradients}
   * @param weights the first and those joined to it, of one width
   * @return (count, width)
   */
  public Tensor joined(Tensor flat, List<Weight> weights) {
    long width = weights.getFirst().shape().size(-1);
    return Tensor.of(
        flat.segment()
            .asSlice(
                places.get(weights.getFirst().key()).first * Float.BYTES,
                weights.size() * width * Float.BYTES),
        DType.F32,
        Shape.of(weights.size(), width));
  }

  private Tensor view(Tensor flat, String key) {
    Place place = places.get(key);
    return Tensor.of(
        flat.segment().asSlice(place.first * Float.BYTES, place.weight.elements() * Float.BYTES),
        DType.F32,
        place.weight.kept());
  }

  /**
   * Takes float32 weights in their published shapes; averages start from them.
   *
   * @param weights by key
   * @throws WeightsException if one is missing, unknown or of another type or shape
   */
  public void load(Map<String, Tensor> weights) {
    Collection<String> unknown = new ArrayList<>(weights.keySet());
    unknown.removeAll(places.keySet());
    unknown.removeAll(constants.keySet());
    if (!unknown.isEmpty()) {
      throw new WeightsException(
          "%s can't be trained: it is none of the network's weights"
              .formatted(String.join(", ", unknown.stream().limit(3).toList())));
    }
    for (Place place : places.values()) {
      Tensor given = given(weights, place.weight);
      copy(given.segment(), place.weight.axes(), view(values, place.weight.key()).segment());
    }
    for (Weight constant : constants.values()) {
      numbers.put(constant.key(), given(weights, constant).toFloats());
    }
    if (averages != null) {
      averages.segment().copyFrom(values.slice(0, averages.shape().elements()).segment());
    }
    order = List.copyOf(weights.keySet());
  }

  private static Tensor given(Map<String, Tensor> weights, Weight weight) {
    Tensor given = weights.get(weight.key());
    if (given == null || given.dtype() != DType.F32 || !given.shape().equals(weight.shape())) {
      throw new WeightsException(
          "%s is %s; expected F32%s"
              .formatted(
                  weight.key(),
                  given == null ? "missing" : "" + given.dtype() + given.shape(),
                  weight.shape()));
    }
    return given;
  }

  /**
   * Copies one of the flat tensors apart, in published shapes and the order of the weights that
   * were loaded.
   *
   * @param flat such as {@link #values}
   * @param owner of the copies
   * @return tensors by key
   */
  public SequencedMap<String, Tensor> export(Tensor flat, Arena owner) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    for (String key : order) {
      Weight constant = constants.get(key);
      if (constant != null) {
        if (flat != gradients) {
          tensors.put(key, Tensor.of(owner, constant.shape(), numbers.get(key)));
        }
        continue;
      }
      Weight weight = places.get(key).weight;
      boolean isFrozen = frozen.contains(weight);
      if (isFrozen && flat == gradients) {
        continue;
      }
      Tensor tensor = Tensor.allocate(owner, DType.F32, weight.shape());
      long[] axes = weight.axes();
      copy(
          view(isFrozen ? values : flat, key).segment(),
          new long[] {axes[0], axes[3], axes[2], axes[1]},
          tensor.segment());
      tensors.put(key, tensor);
    }
    return tensors;
  }

  /** Copies pieces of three axes, with their order reversed in each. */
  private static void copy(MemorySegment from, long[] axes, MemorySegment to) {
    if (Math.max(axes[1], Math.max(axes[2], axes[3])) == axes[1] * axes[2] * axes[3]) {
      to.copyFrom(from);
      return;
    }
    long place = 0;
    for (long piece = 0; piece < axes[0]; piece++) {
      long start = place;
      for (long first = 0; first < axes[1]; first++) {
        for (long second = 0; second < axes[2]; second++) {
          for (long third = 0; third < axes[3]; third++) {
            to.setAtIndex(
                ValueLayout.JAVA_FLOAT,
                start + (third * axes[2] + second) * axes[1] + first,
                from.getAtIndex(ValueLayout.JAVA_FLOAT, place++));
          }
        }
      }
    }
  }
}
