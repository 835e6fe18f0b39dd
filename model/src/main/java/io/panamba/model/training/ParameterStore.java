package io.panamba.model.training;

import io.panamba.model.VimConfig;
import io.panamba.model.WeightsException;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The parameters of a network in float32, in the layout that kernels take, and as many gradients,
 * moments and averages: each one flat tensor, first what decays, then what does not. Between
 * parameters, gaps of zeros keep every one aligned.
 */
final class ParameterStore {
  private static final long ALIGNMENT = Tensor.ALIGNMENT / Float.BYTES;

  private record Place(Parameter parameter, long first) {}

  private final Map<String, Place> places = new LinkedHashMap<>();
  private final Arena arena;
  private final long decaying;
  private final Tensor values;
  private final Tensor gradients;
  private final Tensor firstMoments;
  private final Tensor secondMoments;
  private final Tensor averages;

  /** Of the last load, in its order. */
  private List<String> order = List.of();

  ParameterStore(VimConfig config, boolean averaged, Arena arena) {
    this.arena = arena;
    List<Parameter> parameters = new ArrayList<>(Parameter.of(config));
    parameters.sort(Comparator.comparing(Parameter::decays).reversed());
    List<String> classTokens = Parameter.classTokens(config.classToken());
    long end = 0;
    long split = 0;
    for (Parameter parameter : parameters) {
      // Two class tokens are one tensor to the kernels.
      boolean joined = classTokens.indexOf(parameter.key()) > 0;
      long first = joined ? end : Math.ceilDiv(end, ALIGNMENT) * ALIGNMENT;
      places.put(parameter.key(), new Place(parameter, first));
      end = first + parameter.elements();
      if (parameter.decays()) {
        split = Math.ceilDiv(end, ALIGNMENT) * ALIGNMENT;
      }
    }
    this.decaying = split;
    values = flat(end);
    gradients = flat(end);
    firstMoments = flat(end);
    secondMoments = flat(end);
    averages = averaged ? flat(end) : null;
  }

  private Tensor flat(long elements) {
    return Tensor.allocate(arena, DType.F32, Shape.of(elements));
  }

  /** How many elements of the flat tensors decay: the first ones. */
  long decaying() {
    return decaying;
  }

  Tensor values() {
    return values;
  }

  Tensor gradients() {
    return gradients;
  }

  Tensor firstMoments() {
    return firstMoments;
  }

  Tensor secondMoments() {
    return secondMoments;
  }

  /** Null if no average is kept. */
  Tensor averages() {
    return averages;
  }

  /** The number of parameters. */
  long elements() {
    return places.values().stream().mapToLong(place -> place.parameter.elements()).sum();
  }

  /** The memory of all flat tensors. */
  long bytes() {
    return values.segment().byteSize() * (averages == null ? 4 : 5);
  }

  /** A parameter as kernels take it. */
  Tensor value(String key) {
    return view(values, key);
  }

  /** Its gradient, of the same shape. */
  Tensor gradient(String key) {
    return view(gradients, key);
  }

  /** The class tokens or their gradients as one tensor (count, dim), or null. */
  Tensor classTokens(VimConfig config, Tensor flat) {
    List<String> keys = Parameter.classTokens(config.classToken());
    return keys.isEmpty()
        ? null
        : Tensor.of(
            flat.segment()
                .asSlice(
                    places.get(keys.getFirst()).first * Float.BYTES,
                    (long) keys.size() * config.dim() * Float.BYTES),
            DType.F32,
            Shape.of(keys.size(), config.dim()));
  }

  private Tensor view(Tensor flat, String key) {
    Place place = places.get(key);
    return Tensor.of(
        flat.segment().asSlice(place.first * Float.BYTES, place.parameter.elements() * Float.BYTES),
        DType.F32,
        place.parameter.kept());
  }

  /**
   * Takes float32 weights in their published shapes; averages start from them.
   *
   * @throws WeightsException if one is missing, unknown or of another type or shape
   */
  void load(Map<String, Tensor> weights) {
    Collection<String> unknown = new ArrayList<>(weights.keySet());
    unknown.removeAll(places.keySet());
    if (!unknown.isEmpty()) {
      throw new WeightsException(
          "%s can't be trained: training knows the layers of the published models"
              .formatted(String.join(", ", unknown.stream().limit(3).toList())));
    }
    for (Place place : places.values()) {
      Parameter parameter = place.parameter;
      Tensor weight = weights.get(parameter.key());
      if (weight == null
          || weight.dtype() != DType.F32
          || !weight.shape().equals(parameter.published())) {
        throw new WeightsException(
            "%s is %s; expected F32%s"
                .formatted(
                    parameter.key(),
                    weight == null ? "missing" : "" + weight.dtype() + weight.shape(),
                    parameter.published()));
      }
      copy(weight.segment(), rows(parameter), view(values, parameter.key()).segment());
    }
    if (averages != null) {
      averages.segment().copyFrom(values.segment());
    }
    order = List.copyOf(weights.keySet());
  }

  /** The rows of the published matrix if it is to be transposed, otherwise 1. */
  private static long rows(Parameter parameter) {
    return parameter.transposed() ? parameter.published().size(0) : 1;
  }

  /**
   * Copies one of the flat tensors apart, in published shapes and the order of the weights that
   * were loaded.
   */
  SequencedMap<String, Tensor> export(Tensor flat, Arena owner) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    for (String key : order) {
      Parameter parameter = places.get(key).parameter;
      Tensor tensor = Tensor.allocate(owner, DType.F32, parameter.published());
      long columns = parameter.transposed() ? parameter.published().size(-1) : 1;
      copy(view(flat, key).segment(), columns, tensor.segment());
      tensors.put(key, tensor);
    }
    return tensors;
  }

  /** Copies a matrix of so many rows, transposed. */
  private static void copy(MemorySegment from, long rows, MemorySegment to) {
    if (rows == 1) {
      to.copyFrom(from);
      return;
    }
    long columns = from.byteSize() / Float.BYTES / rows;
    for (long row = 0; row < rows; row++) {
      for (long column = 0; column < columns; column++) {
        to.setAtIndex(
            ValueLayout.JAVA_FLOAT,
            column * rows + row,
            from.getAtIndex(ValueLayout.JAVA_FLOAT, row * columns + column));
      }
    }
  }
}
