package io.panamba.model.graph;

import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.memory.HostCopies;
import io.panamba.model.weights.LoadedWeights;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Copy;
import io.panamba.runtime.operation.Operation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A network written as operations for one kind of input.
 *
 * @param operations in their order
 * @param image where the host writes pixels
 * @param tokens where the host reads normalised tokens, or null
 * @param features where the host reads features
 * @param logits where the host reads logits, or null
 * @param taps where the host reads what was made on the way, by name
 * @param inputs where the host writes other inputs, by name
 * @param parts the operations that the host runs apart, by name; those before the first are {@link
 *     #FIRST_PART}
 */
public record Program(
    List<Operation> operations,
    Tensor image,
    Tensor tokens,
    Tensor features,
    Tensor logits,
    Map<String, Tensor> taps,
    Map<String, Tensor> inputs,
    Map<String, Part> parts) {
  /** What comes before any other part. */
  public static final String FIRST_PART = "image";

  /**
   * Operations that follow each other.
   *
   * @param first index of the first
   * @param count how many
   */
  public record Part(int first, int count) {}

  /**
   * Writes a graph as a program to run.
   *
   * @param graph with an image and results, {@linkplain Graph#finish finished}
   * @param pixelValues what a byte of the image stands for, (colours, 256), or null if it is of
   *     normalised numbers
   * @param precision of weights and of what layers hand on
   * @param weights of the network
   * @param joined weights of one width as the rows of a matrix, or null
   * @param fitted makes the position embedding of a grid, (length, dim)
   * @param memory for input, activations and results; it lives as long as the program
   * @return the program
   */
  public static Program of(
      Graph graph,
      float[] pixelValues,
      DType precision,
      LoadedWeights weights,
      Tensor joined,
      Function<Positions, Tensor> fitted,
      DeviceMemory memory) {
    Shape shape = graph.image().shape();
    if (pixelValues != null && pixelValues.length != shape.size(1) * 256) {
      throw new IllegalArgumentException(
          "a network of %d colours takes no pictures".formatted(shape.size(1)));
    }
    Tensor image = memory.tensor(pixelValues == null ? DType.F32 : DType.U8, shape.toArray());
    Tensor pixels = memory.staging(image);
    LoadedParameters parameters = new LoadedParameters(weights, joined, fitted);
    Lowering lowering =
        new Lowering(
            graph,
            precision,
            _ -> parameters,
            (numbers, size) -> memory.of(size, numbers),
            memory.device().hasOwnMemory());
    lowering.put(graph.image(), Place.of(new Buffer(image)));
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    graph
        .inputs()
        .forEach(
            (name, value) -> {
              Tensor input = memory.tensor(DType.F32, value.shape().toArray());
              inputs.put(name, input);
              lowering.put(value, Place.of(new Buffer(input)));
            });
    if (pixelValues != null) {
      lowering.setPixelValues(memory.of(Shape.of(shape.size(1), 256), pixelValues));
    }
    lowering.forward();
    Place tokens = lowering.output(graph.tokens());
    Place features = lowering.output(graph.features());
    Place logits = lowering.output(graph.logits());
    Map<String, Place> taps = new LinkedHashMap<>();
    graph.taps().forEach((name, value) -> taps.put(name, lowering.output(value)));
    Lifetimes.place(lowering.buffers(), memory);
    List<Operation> operations = new ArrayList<>();
    if (pixels != image) {
      operations.add(new Copy(pixels, image));
    }
    Map<String, Part> parts = parts(graph, lowering.write(operations), operations.size());
    HostCopies copies = new HostCopies(memory, operations);
    Map<String, Tensor> tapped = new LinkedHashMap<>();
    taps.forEach((name, place) -> tapped.put(name, copies.of(place.tensor())));
    return new Program(
        operations,
        pixels,
        host(copies, tokens),
        host(copies, features),
        host(copies, logits),
        tapped,
        inputs,
        parts);
  }

  private static Map<String, Part> parts(Graph graph, Map<Node, Integer> firsts, int end) {
    Map<String, Part> parts = new LinkedHashMap<>();
    String name = FIRST_PART;
    int first = 0;
    for (Map.Entry<String, Node> next : graph.parts().entrySet()) {
      int start = firsts.get(next.getValue());
      parts.put(name, new Part(first, start - first));
      name = next.getKey();
      first = start;
    }
    parts.put(name, new Part(first, end - first));
    return parts;
  }

  private static Tensor host(HostCopies copies, Place place) {
    return place == null ? null : copies.of(place.tensor());
  }
}
