package io.panamba.model.training;

import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Task;
import io.panamba.model.graph.Graph;
import io.panamba.model.graph.TrainingProgram;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.memory.WorkspaceException;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.AdamW;
import io.panamba.runtime.operation.Clip;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.Squares;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Trains a network, a step at a time: write {@link #images()} and {@link #labels()}, call {@link
 * #step}. A step is one plan: forward, backward, clipping and AdamW, in float32. The same weights,
 * images and options give the same bits on any number of threads. It belongs to one caller at a
 * time.
 */
public final class Trainer implements AutoCloseable {
  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float EPS = 1e-8f;

  /** Averages decay by (1 + t) / (this + t) in step t, until that is more than the wanted decay. */
  private static final double AVERAGE_WARM_UP = 10;

  private final NetworkConfig config;
  private final TrainingOptions options;
  private final CountingArena arena;
  private final TrainedWeights store;
  private final TrainingProgram network;
  private final List<Operation> operations;
  private final Plan plan;
  private final int gradientOperations;
  private final Tensor rates;
  private final Tensor clipped;
  private final Tensor parts;
  private long steps;

  /**
   * Plans the training of a network.
   *
   * @param <C> what describes networks of the family
   * @param family of the network
   * @param config of the network, with the size of the images that it is trained on
   * @param weights to start from: float32, under the published keys and in the published shapes
   * @param options of its steps
   * @param device where it runs; it stays the caller's to close
   * @throws io.panamba.model.checkpoint.WeightsException if a weight is missing, unknown or of
   *     another type or shape
   * @throws IllegalArgumentException if the network has no head or is not float32
   * @throws WorkspaceException if memory is not to be had
   */
  public <C extends NetworkConfig> Trainer(
      Architecture<C> family,
      C config,
      Map<String, Tensor> weights,
      TrainingOptions options,
      Device device) {
    requireTrainable(config, options);
    C born = family.atBirth(config);
    this.config = born;
    this.options = options;
    this.arena = new CountingArena(Arenas.shared());
    try {
      Blueprint<C> blueprint = family.blueprint(born);
      // The rows of one matrix lie side by side.
      Set<Weight> joined = Set.copyOf(blueprint.joined().stream().skip(1).toList());
      Set<Weight> frozen = options.frozenBackbone() ? Set.copyOf(blueprint.backbone()) : Set.of();
      store =
          new TrainedWeights(
              blueprint.trained(), joined, frozen, options.averageDecay() > 0, arena);
      store.load(weights);
      Graph graph = Graph.training(options.batch(), store::numbers, options.dropPath() > 0);
      if (options.frozenBackbone()) {
        graph.freezeBackbone();
      }
      blueprint.write(graph, born);
      graph.finish(true);
      network =
          TrainingProgram.of(
              graph,
              store,
              options.smoothing(),
              options.inputGradient(),
              new DeviceMemory(device, arena));
      rates = Tensor.allocate(arena, DType.F32, Shape.of(4));
      clipped = Tensor.allocate(arena, DType.F32, Shape.of(2));
      parts =
          Tensor.allocate(
              arena, DType.F32, Shape.of(Squares.parts(store.gradients().shape().elements())));
      operations = new ArrayList<>(network.operations());
      gradientOperations = operations.size();
      update();
      plan = device.plan(operations);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new WorkspaceException(
          "a training's memory is not to be had (%s); take a smaller batch or image"
              .formatted(e.getMessage()),
          e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static void requireTrainable(NetworkConfig config, TrainingOptions options) {
    if (config.task() == Task.DETECTION) {
      throw new IllegalArgumentException("networks for detection can't be trained");
    }
    if (options.frozenBackbone() && config.task() == Task.CLASSIFICATION) {
      throw new IllegalArgumentException(
          "a network for classification has no backbone apart, to be frozen");
    }
    if (config.classes() == 0 || config.precision() != Precision.FP32) {
      throw new IllegalArgumentException(
          "a network with %s can't be trained"
              .formatted(config.classes() == 0 ? "no head" : "weights in " + config.precision()));
    }
  }

  private void update() {
    Tensor gradients = store.gradients();
    operations.add(new Squares(gradients, parts));
    operations.add(new Clip(parts, options.clip(), clipped));
    long decaying = store.decaying();
    adamW(0, decaying, options.weightDecay());
    adamW(decaying, gradients.shape().elements() - decaying, 0);
  }

  private void adamW(long first, long count, float weightDecay) {
    operations.add(
        new AdamW(
            store.values().slice(first, count),
            store.gradients().slice(first, count),
            store.firstMoments().slice(first, count),
            store.secondMoments().slice(first, count),
            store.averages() == null ? null : store.averages().slice(first, count),
            rates,
            clipped,
            new AdamW.Settings(BETA1, BETA2, EPS, weightDecay)));
  }

  /**
   * Returns the network's description.
   *
   * @return the configuration
   */
  public NetworkConfig config() {
    return config;
  }

  /**
   * Returns the input of a step: normalised pixels.
   *
   * @return (batch, colours, height, width), to be written before a step
   */
  public Tensor images() {
    return network.images();
  }

  /**
   * Returns the classes of the images, or of their pixels where a network answers for each: {@link
   * io.panamba.runtime.operation.CrossEntropy#NO_LABEL} leaves a pixel out, and means are over all.
   *
   * @return I32 (batch), or (batch * pixels), to be written before a step
   */
  public Tensor labels() {
    return network.labels();
  }

  /**
   * Returns what a step runs.
   *
   * @return the operations in their order
   */
  public List<Operation> operations() {
    return List.copyOf(operations);
  }

  /**
   * Returns the logits of the last step, before its update.
   *
   * @return (batch, classes)
   */
  public Tensor logits() {
    return network.logits();
  }

  /**
   * Returns the gradient of the mean loss by the pixels of the last step.
   *
   * @return (batch, colours, height, width), or null if it is not wanted
   */
  public Tensor imageGradient() {
    return network.imageGradient();
  }

  /**
   * Computes the gradients of the images and changes no weight.
   *
   * @return the mean loss, NaN if a label is no class
   */
  public double computeGradients() {
    draw();
    plan.run(0, gradientOperations);
    return meanLoss();
  }

  /**
   * Makes a step.
   *
   * @param learningRate of this step
   * @return the mean loss before it, NaN if a label is no class
   */
  public double step(double learningRate) {
    draw();
    long step = steps + 1;
    rates.copyFrom(
        (float) learningRate,
        (float) (1 - StrictMath.pow(BETA1, (double) step)),
        (float) StrictMath.sqrt(1 - StrictMath.pow(BETA2, (double) step)),
        (float) Math.min(options.averageDecay(), (1.0 + steps) / (AVERAGE_WARM_UP + steps)));
    plan.run();
    steps = step;
    return meanLoss();
  }

  /** Draws which layers drop which images. */
  private void draw() {
    Tensor scales = network.imageScales();
    if (scales == null) {
      return;
    }
    RandomGenerator random = Draws.of(options.seed(), Draws.Purpose.DROP_PATH, steps);
    int depth = config.depth();
    for (int drop = 0; drop < network.dropLayers().size(); drop++) {
      int layer = network.dropLayers().get(drop);
      double dropped = depth == 1 ? 0 : (double) options.dropPath() * layer / (depth - 1);
      for (int image = 0; image < options.batch(); image++) {
        float scale = random.nextDouble() < dropped ? 0 : (float) (1 / (1 - dropped));
        scales
            .segment()
            .setAtIndex(ValueLayout.JAVA_FLOAT, (long) drop * options.batch() + image, scale);
      }
    }
  }

  private double meanLoss() {
    double loss = mean(network.losses());
    return network.auxiliaryLosses() == null
        ? loss
        : loss + network.auxiliaryShare() * mean(network.auxiliaryLosses());
  }

  private static double mean(Tensor losses) {
    double sum = 0;
    for (float loss : losses.toFloats()) {
      sum += loss;
    }
    return sum / losses.shape().elements();
  }

  /**
   * Returns how many steps were made, those before a restored state included.
   *
   * @return from 0
   */
  public long steps() {
    return steps;
  }

  /**
   * Returns the norm of the last step's gradient before it was clipped.
   *
   * @return the norm over all parameters
   */
  public float gradientNorm() {
    return clipped.segment().get(ValueLayout.JAVA_FLOAT, 0);
  }

  /**
   * Copies the weights.
   *
   * @param owner of the copies
   * @return the weights under the published keys, in the order of those it started from
   */
  public SequencedMap<String, Tensor> weights(Arena owner) {
    return store.export(store.values(), owner);
  }

  /**
   * Copies the moving average of the weights, or the weights themselves if none is kept: what a
   * trained network is.
   *
   * @param owner of the copies
   * @return as {@link #weights}
   */
  public SequencedMap<String, Tensor> trained(Arena owner) {
    return store.export(store.averages() == null ? store.values() : store.averages(), owner);
  }

  /**
   * Copies the gradients of the last step, not clipped.
   *
   * @param owner of the copies
   * @return as {@link #weights}
   */
  public SequencedMap<String, Tensor> gradients(Arena owner) {
    return store.export(store.gradients(), owner);
  }

  /**
   * Returns everything that later steps depend on, beside options, images and the number of {@link
   * #steps()}.
   *
   * @return flat tensors in the order of this version, not copied
   */
  SequencedMap<String, Tensor> state() {
    SequencedMap<String, Tensor> state = new LinkedHashMap<>();
    state.put("weights", store.values());
    state.put("first_moments", store.firstMoments());
    state.put("second_moments", store.secondMoments());
    if (store.averages() != null) {
      state.put("averages", store.averages());
    }
    return state;
  }

  /** Goes on after a state, once its tensors are written. */
  void resumeAt(long step) {
    steps = step;
  }

  /**
   * Returns the number of parameters.
   *
   * @return elements
   */
  public long parameters() {
    return store.elements();
  }

  /**
   * Returns the memory that is kept from the forward to the backward pass for an image.
   *
   * @return bytes
   */
  public long savedBytesPerImage() {
    return network.savedBytes() / options.batch();
  }

  /**
   * Returns all the memory of the training: parameters, gradients, moments, averages, what is kept
   * and what is shared by layers.
   *
   * @return bytes
   */
  public long bytes() {
    return network.bytes()
        + Float.BYTES
            * (rates.shape().elements() + clipped.shape().elements() + parts.shape().elements())
        + store.bytes();
  }

  /** Frees the memory. A second close does nothing. */
  @Override
  public void close() {
    plan.close();
    arena.close();
  }
}
