package io.panamba.model.graph;

import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.runtime.DType;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.runtime.operation.Operation;
import java.util.ArrayList;
import java.util.List;

/**
 * The forward and the backward pass of a network as operations.
 *
 * @param operations in their order; gradients are left in the weights' gradients
 * @param images where the caller writes pixels, (batch, colours, height, width)
 * @param labels where the caller writes classes, I32 (batch), or (batch * pixels) where every pixel
 *     has one
 * @param losses of the images or pixels, as many as there are labels
 * @param auxiliaryLosses likewise of a head that helps in training, or null without one
 * @param auxiliaryShare what the mean of these is multiplied by
 * @param logits (batch, classes), or (batch, pixels, classes)
 * @param imageGradient the gradient of the mean loss by pixels, or null if it is not wanted
 * @param imageScales (drops, batch), where the caller writes what each layer's output is multiplied
 *     by for each image, or null if layers are not dropped
 * @param dropLayers the layer of each row of the scales
 * @param bytes of memory, that of weights excluded
 * @param savedBytes those that are kept from the forward to the backward pass
 */
public record TrainingProgram(
    List<Operation> operations,
    Tensor images,
    Tensor labels,
    Tensor losses,
    Tensor auxiliaryLosses,
    float auxiliaryShare,
    Tensor logits,
    Tensor imageGradient,
    Tensor imageScales,
    List<Integer> dropLayers,
    long bytes,
    long savedBytes) {
  /**
   * Writes a graph, the cross-entropy of its logits and their gradients as a program.
   *
   * @param graph to be trained, with an image and results, {@linkplain Graph#finish finished}
   * @param store its weights
   * @param smoothing of labels, from 0
   * @param ofInput whether the gradient by pixels is wanted
   * @param memory for everything but weights; it lives as long as the program
   * @return the program
   */
  public static TrainingProgram of(
      Graph graph, TrainedWeights store, float smoothing, boolean ofInput, DeviceMemory memory) {
    CountingArena arena = memory.arena();
    long before = arena.bytes();
    Tensor images = memory.tensor(DType.F32, graph.image().shape().toArray());
    long batch = images.shape().size(0);
    long rows = rows(graph.logits());
    Tensor labels = memory.tensor(DType.I32, rows);
    Tensor losses = memory.tensor(DType.F32, rows);
    List<Integer> dropLayers = List.copyOf(graph.dropLayers());
    Tensor scales =
        dropLayers.isEmpty() ? null : memory.tensor(DType.F32, dropLayers.size(), batch);
    Lowering lowering =
        new Lowering(
            graph,
            DType.F32,
            to -> new TrainedParameters(store, memory, to),
            (numbers, shape) -> memory.of(shape, numbers),
            false);
    lowering.put(graph.image(), Place.of(new Buffer(images)));
    lowering.setImageScales(scales);
    lowering.forward();
    int boundary = lowering.steps();
    Gradients gradients = new Gradients(lowering, store, ofInput);
    Place logits = lowering.read(graph.logits());
    startAt(graph.logits(), labels, smoothing, 1, losses, lowering, gradients);
    lowering.output(graph.logits());
    Tensor auxiliaryLosses = null;
    if (graph.auxiliary() != null) {
      auxiliaryLosses = memory.tensor(DType.F32, rows);
      float share = graph.auxiliaryShare();
      startAt(graph.auxiliary(), labels, smoothing, share, auxiliaryLosses, lowering, gradients);
    }
    gradients.backward();
    Place pixels = ofInput ? gradients.after(graph.image()) : null;
    if (pixels != null) {
      pixels.buffer().keep();
    }
    Lifetimes.place(lowering.buffers(), memory);
    List<Operation> operations = new ArrayList<>();
    lowering.write(operations);
    return new TrainingProgram(
        operations,
        images,
        labels,
        losses,
        auxiliaryLosses,
        graph.auxiliaryShare(),
        logits.tensor(),
        pixels == null ? null : pixels.tensor(),
        scales,
        dropLayers,
        arena.bytes() - before,
        savedBytes(lowering.buffers(), boundary));
  }

  private static long rows(Value logits) {
    return logits.shape().elements() / logits.width();
  }

  /** Adds the cross-entropy of answers, whose gradient everything starts from. */
  private static void startAt(
      Value answers,
      Tensor labels,
      float smoothing,
      float share,
      Tensor losses,
      Lowering lowering,
      Gradients gradients) {
    long rows = rows(answers);
    Place logits = lowering.read(answers);
    Place gradient = lowering.scratch(answers.shape().toArray());
    lowering.add(
        () ->
            new CrossEntropy(
                logits.tensor(rows, answers.width()),
                labels,
                smoothing,
                share / rows,
                losses,
                gradient.tensor(rows, answers.width())));
    gradients.start(answers, gradient);
  }

  private static long savedBytes(List<Buffer> buffers, int boundary) {
    long bytes = 0;
    for (Buffer buffer : buffers) {
      if (buffer.first() < boundary && buffer.last() > boundary && !buffer.isKept()) {
        bytes += buffer.elements() * buffer.dtype().bytes();
      }
    }
    return bytes;
  }
}
