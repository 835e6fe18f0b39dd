package io.panamba.model.graph;

import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The forward pass of one image and the backward pass of a gradient that the caller writes between
 * the two.
 *
 * @param operations in their order
 * @param forward how many of them are the forward pass
 * @param image where the caller writes pixels, (1, colours, height, width)
 * @param logits (1, classes), or null if they were not asked for
 * @param read the map of which the gradient is taken, or from whose centre it starts, (1, tokens,
 *     channels)
 * @param start where the caller writes the gradient that the backward pass starts with, of the
 *     logits' or the map's shape
 * @param gradient of the map by the logits, or of the image by the map
 * @param grid of the map
 * @param tokens the token of each pixel of the grid
 */
public record GradientProgram(
    List<Operation> operations,
    int forward,
    Tensor image,
    Tensor logits,
    Tensor read,
    Tensor start,
    Tensor gradient,
    Grid grid,
    List<Integer> tokens) {
  /**
   * Writes the gradient of the map in {@linkplain Graph#focus focus} by the logits.
   *
   * @param graph {@linkplain Graph#explaining that explains}, with logits
   * @param store its weights
   * @param memory for everything but weights
   * @return the program
   */
  public static GradientProgram ofMap(Graph graph, TrainedWeights store, DeviceMemory memory) {
    return of(graph, store, false, memory);
  }

  /**
   * Writes the gradient of the image by the normalised tokens.
   *
   * @param graph {@linkplain Graph#explaining that explains}
   * @param store its weights
   * @param memory for everything but weights
   * @return the program
   */
  public static GradientProgram ofImage(Graph graph, TrainedWeights store, DeviceMemory memory) {
    return of(graph, store, true, memory);
  }

  private static GradientProgram of(
      Graph graph, TrainedWeights store, boolean ofImage, DeviceMemory memory) {
    Tensor image = memory.tensor(DType.F32, graph.image().shape().toArray());
    Lowering lowering =
        new Lowering(
            graph,
            DType.F32,
            to -> new TrainedParameters(store, memory, to),
            (numbers, shape) -> memory.of(shape, numbers),
            false);
    lowering.put(graph.image(), Place.of(new Buffer(image)));
    lowering.forward();
    int boundary = lowering.steps();
    Focus focus = graph.focus();
    Value from = ofImage ? graph.tokens() : graph.logits();
    Value read = ofImage ? graph.tokens() : focus.map();
    Value to = ofImage ? graph.image() : focus.map();
    Place made = lowering.output(read);
    Place answers = lowering.output(graph.logits());
    Tensor start = memory.tensor(DType.F32, from.shape().toArray());
    Gradients gradients = new Gradients(lowering, store, ofImage);
    gradients.start(from, Place.of(new Buffer(start)));
    gradients.backward(to);
    Place gradient = gradients.after(to);
    gradient.buffer().keep();
    Lifetimes.place(lowering.buffers(), memory);
    List<Operation> operations = new ArrayList<>();
    Map<Integer, Integer> firsts = lowering.writeSteps(operations);
    List<Integer> tokens = new ArrayList<>();
    for (int token : focus.tokens()) {
      tokens.add(token);
    }
    return new GradientProgram(
        operations,
        firsts.get(boundary),
        image,
        answers == null ? null : answers.tensor(),
        made.tensor(),
        start,
        gradient.tensor(),
        focus.grid(),
        List.copyOf(tokens));
  }
}
