package io.panamba.model.task;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Recognised;
import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.Blueprint;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.Task;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.graph.GradientProgram;
import io.panamba.model.graph.Graph;
import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.RgbImage;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.memory.InferenceInterruptedException;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Shows what a classification network sees, by gradients. Usable from many threads at once, of
 * which one computes at a time. It computes in float32 on a processor.
 *
 * <p>Grad-CAM (arXiv 1610.02391): of the map A before the last layer of Vim and DeiT, or behind the
 * last stage of VMamba and MambaOut, through which all of an answer goes, {@code relu(sum over
 * channels c of w[c] A[c])} with {@code w[c]} the mean over the map of the gradient of the class's
 * logit by {@code A[c]}. Class tokens are left out of map and means.
 *
 * <p>The effective receptive field (arXiv 1701.04128; as RepLKNet, arXiv 2203.06717, draws it): the
 * gradient of the sum of what is positive in the features at the centre of the last map by the
 * pixels, what is positive of it, summed over colours.
 */
public final class Explainer implements Predictor<RgbImage, Explanation> {
  private final CountingArena arena;
  private final ReentrantLock lock = new ReentrantLock(true);
  private final NetworkConfig config;
  private final Labels labels;
  private final ImageTransform transform;
  private final Supplier<Gradient> mapGradient;
  private final Supplier<Gradient> imageGradient;

  /** Null until they are first needed, like their plans. Guarded by the lock. */
  private Gradient ofMap;

  private Gradient ofImage;
  private boolean closed;

  /** A program and its plan. */
  private record Gradient(GradientProgram program, Plan plan) {
    /** Runs the forward pass. */
    void forward() {
      plan.run(0, program.forward());
    }

    /** Runs the backward pass from a gradient. */
    float[] backward(float[] start) {
      program.start().copyFrom(start);
      plan.run(program.forward(), program.operations().size() - program.forward());
      return program.gradient().toFloats();
    }
  }

  private Explainer(
      CountingArena arena,
      NetworkConfig config,
      Labels labels,
      Supplier<Gradient> mapGradient,
      Supplier<Gradient> imageGradient) {
    this.arena = arena;
    this.config = config;
    this.labels = labels;
    this.mapGradient = mapGradient;
    this.imageGradient = imageGradient;
    this.transform =
        config.preprocessing().transform(config.image().height(), config.image().width());
  }

  /**
   * Loads a network.
   *
   * @param checkpoint of a classification network; nothing refers to it afterwards
   * @param device a processor; it stays the caller's to close
   * @param settings what the checkpoint's shapes can't tell
   * @return the explainer
   * @throws WeightsException if the tensors are those of no such network
   * @throws io.panamba.model.checkpoint.CheckpointException as of {@link Network#load}
   * @throws IllegalArgumentException if the precision is another than float32
   */
  public static Explainer load(Checkpoint checkpoint, Device device, Settings settings) {
    return load(Architectures.recognise(checkpoint), checkpoint, device, settings);
  }

  private static <C extends NetworkConfig> Explainer load(
      Recognised<C> recognised, Checkpoint file, Device device, Settings settings) {
    C config = recognised.read(settings);
    Tasks.require(config, Task.CLASSIFICATION);
    Architecture<C> family = recognised.family();
    CountingArena arena = new CountingArena(Arenas.shared());
    try (Arena local = Arena.ofConfined()) {
      C born = family.atBirth(config);
      Blueprint<C> blueprint = family.blueprint(born);
      Set<Weight> joined = Set.copyOf(blueprint.joined().stream().skip(1).toList());
      TrainedWeights store =
          new TrainedWeights(blueprint.trained(), joined, Set.of(), false, arena);
      store.load(Network.fit(recognised, born, 0, local));
      return new Explainer(
          arena,
          born,
          Labels.of(file, born),
          () -> gradient(blueprint, born, store, false, device, arena),
          () -> gradient(blueprint, born, store, true, device, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static <C extends NetworkConfig> Gradient gradient(
      Blueprint<C> blueprint,
      C config,
      TrainedWeights store,
      boolean ofImage,
      Device device,
      CountingArena arena) {
    Graph graph = Graph.explaining(store::numbers, !ofImage);
    blueprint.write(graph, config);
    graph.finish(true);
    DeviceMemory memory = new DeviceMemory(device, arena);
    GradientProgram program =
        ofImage
            ? GradientProgram.ofImage(graph, store, memory)
            : GradientProgram.ofMap(graph, store, memory);
    return new Gradient(program, device.plan(program.operations()));
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
   * Returns the names of the classes.
   *
   * @return those that the checkpoint carries, or the defaults
   */
  public Labels labels() {
    return labels;
  }

  /**
   * Shows where the most probable class is.
   *
   * @param image any size
   * @param wait most time until the computing begins
   * @return the class and its map
   * @throws NonFiniteException if a logit is NaN or infinite
   * @throws PoolTimeoutException if others computed for longer
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws WeightsException if the network has no head
   * @throws IllegalStateException if this is closed
   */
  @Override
  public Explanation predict(RgbImage image, Duration wait) {
    return explain(image, -1, wait);
  }

  /**
   * Shows where a class is.
   *
   * @param image any size
   * @param classIndex from 0, or -1 for the most probable class
   * @param wait most time until the computing begins
   * @return the class and its map
   * @throws IndexOutOfBoundsException if there is no such class
   * @throws NonFiniteException if a logit is NaN or infinite
   * @throws PoolTimeoutException if others computed for longer
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws WeightsException if the network has no head
   * @throws IllegalStateException if this is closed
   */
  public Explanation explain(RgbImage image, int classIndex, Duration wait) {
    if (config.classes() == 0) {
      throw new WeightsException("a checkpoint without a head has no classes to explain");
    }
    if (classIndex < -1 || classIndex >= config.classes()) {
      throw new IndexOutOfBoundsException(
          "there is no class %d of %d".formatted(classIndex, config.classes()));
    }
    return locked(wait, () -> explain(image, classIndex));
  }

  private Explanation explain(RgbImage image, int classIndex) {
    if (ofMap == null) {
      ofMap = mapGradient.get();
    }
    GradientProgram program = ofMap.program();
    transform.apply(image, program.image());
    ofMap.forward();
    NonFiniteException.checkResults("logits", program.logits());
    float[] logits = program.logits().toFloats();
    int index = classIndex < 0 ? best(logits) : classIndex;
    float[] start = new float[logits.length];
    start[index] = 1;
    float[] gradient = ofMap.backward(start);
    return new Explanation(
        index, labels.name(index), probability(logits, index), activation(program, gradient));
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  private static float probability(float[] logits, int index) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((double) logit - logits[index]);
    }
    return (float) (1 / sum);
  }

  private static HeatMap activation(GradientProgram program, float[] gradient) {
    float[] map = program.read().toFloats();
    int channels = Math.toIntExact(program.read().shape().size(2));
    double[] weights = new double[channels];
    for (int token : program.tokens()) {
      for (int c = 0; c < channels; c++) {
        weights[c] += gradient[token * channels + c];
      }
    }
    float[] values = new float[program.tokens().size()];
    for (int pixel = 0; pixel < values.length; pixel++) {
      int at = program.tokens().get(pixel) * channels;
      double sum = 0;
      for (int c = 0; c < channels; c++) {
        sum += weights[c] / values.length * map[at + c];
      }
      values[pixel] = (float) Math.max(0, sum);
    }
    return heatMap(program, values);
  }

  private static HeatMap heatMap(GradientProgram program, float[] values) {
    return new HeatMap(
        Math.toIntExact(program.grid().height()), Math.toIntExact(program.grid().width()), values);
  }

  /**
   * Computes the effective receptive field, averaged over images.
   *
   * @param images at least one, of any size
   * @return of the size of the network's images
   * @throws IllegalArgumentException if there is no image
   * @throws NonFiniteException if a feature is NaN or infinite
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws IllegalStateException if this is closed
   */
  public HeatMap receptiveField(List<RgbImage> images) {
    if (images.isEmpty()) {
      throw new IllegalArgumentException("a receptive field is averaged over at least one image");
    }
    return locked(Duration.ofNanos(Long.MAX_VALUE), () -> field(images));
  }

  private HeatMap field(List<RgbImage> images) {
    if (ofImage == null) {
      ofImage = imageGradient.get();
    }
    GradientProgram program = ofImage.program();
    int height = config.image().height();
    int width = config.image().width();
    double[] sums = new double[height * width];
    for (RgbImage image : images) {
      transform.apply(image, program.image());
      ofImage.forward();
      NonFiniteException.checkResults("features", program.read());
      float[] gradient = ofImage.backward(centre(program));
      for (int i = 0; i < gradient.length; i++) {
        sums[i % sums.length] += Math.max(0, gradient[i]);
      }
    }
    float[] values = new float[sums.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (sums[i] / images.size());
    }
    return new HeatMap(height, width, values);
  }

  /** Ones at the positive features of the central token, zeros elsewhere. */
  private static float[] centre(GradientProgram program) {
    float[] features = program.read().toFloats();
    int channels = Math.toIntExact(program.read().shape().size(2));
    int rows = Math.toIntExact(program.grid().height());
    int columns = Math.toIntExact(program.grid().width());
    int at = program.tokens().get(rows / 2 * columns + columns / 2) * channels;
    float[] start = new float[features.length];
    for (int c = at; c < at + channels; c++) {
      start[c] = features[c] > 0 ? 1 : 0;
    }
    return start;
  }

  private <T> T locked(Duration wait, Supplier<T> work) {
    try {
      if (!lock.tryLock(TimeUnit.NANOSECONDS.convert(wait), TimeUnit.NANOSECONDS)) {
        throw new PoolTimeoutException(
            "the explainer did not become free within %d ms".formatted(wait.toMillis()));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new InferenceInterruptedException(
          "the thread was interrupted while it waited for the explainer");
    }
    try {
      if (closed) {
        throw new IllegalStateException("the explainer is closed");
      }
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /** Frees the network, as soon as a call that computes has ended. A second close does nothing. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        if (ofMap != null) {
          ofMap.plan().close();
        }
        if (ofImage != null) {
          ofImage.plan().close();
        }
        arena.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
