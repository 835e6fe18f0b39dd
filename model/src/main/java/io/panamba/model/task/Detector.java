package io.panamba.model.task;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolListener;
import io.panamba.model.Pooled;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Task;
import io.panamba.model.boxes.DetectionSelection;
import io.panamba.model.boxes.ImageDetections;
import io.panamba.model.boxes.SelectedBoxes;
import io.panamba.model.cascade.CascadeConfig;
import io.panamba.model.cascade.CascadeRun;
import io.panamba.model.detection.Detection;
import io.panamba.model.graph.Program;
import io.panamba.model.image.DetectionTransform;
import io.panamba.model.image.RgbImage;
import io.panamba.runtime.Tensor;
import java.time.Duration;
import java.util.List;

/** Finds things on images, with boxes and masks. Usable from many threads at once. */
public final class Detector implements Predictor<RgbImage, List<Detection>>, Pooled {
  private final CascadeConfig config;
  private final InferencePool pool;
  private final DetectionTransform transform;
  private final DetectionSelection selection;
  private final boolean masks;
  private final List<String> names;

  /**
   * Creates a detector with the published models' numbers.
   *
   * @param network a detector's network; it has to outlive the detector
   * @param labels of its classes
   * @param concurrency most images at a time
   * @throws io.panamba.model.checkpoint.WeightsException if the network is of another kind
   * @throws IllegalArgumentException if its images are not square
   */
  public Detector(Network network, Labels labels, int concurrency) {
    this(network, labels, concurrency, DetectionOptions.DEFAULT);
  }

  /**
   * Creates a detector.
   *
   * @param network a detector's network; it has to outlive the detector
   * @param labels of its classes
   * @param concurrency most images at a time
   * @param options what it gives
   * @throws io.panamba.model.checkpoint.WeightsException if the network is of another kind
   * @throws IllegalArgumentException if its images are not square
   */
  public Detector(Network network, Labels labels, int concurrency, DetectionOptions options) {
    NetworkConfig described = network.config();
    Tasks.require(described, Task.DETECTION);
    this.config = (CascadeConfig) described;
    int side = config.image().height();
    if (side != config.image().width()) {
      throw new IllegalArgumentException(
          "a detector's images are square, not of %s pixels".formatted(config.image()));
    }
    this.pool =
        new InferencePool(
            network, new InferenceOptions(1, side, side, false, false, false), concurrency);
    this.transform = new DetectionTransform(side, config.preprocessing());
    this.selection = new DetectionSelection(options.score(), options.best());
    this.masks = options.masks();
    this.names = labels.names(config.classes());
  }

  /**
   * Finds things.
   *
   * @param image any size, upright
   * @param wait as in {@link InferencePool#withInference(Duration, java.util.function.Function)}
   * @return what was found, in pixels of the image, best first
   * @throws NonFiniteException if the network's features are not finite
   * @throws io.panamba.model.PoolTimeoutException if no inference became free in that time
   * @throws io.panamba.model.memory.InferenceInterruptedException if the thread would have to wait
   *     and is interrupted
   * @throws IllegalStateException if this is closed
   */
  @Override
  public List<Detection> predict(RgbImage image, Duration wait) {
    return pool.withInference(wait, inference -> detect(image, inference));
  }

  /**
   * Finds things on a prepared input.
   *
   * @param image (1, 3, side, side), normalised, with zeros at the right and below the picture
   * @param height of the picture in it, without the zeros
   * @param width likewise
   * @return what was found, in the frame of the input
   * @throws IllegalArgumentException if the picture is empty or larger than the input
   * @throws io.panamba.runtime.ShapeException if the input has another shape
   * @throws NonFiniteException if the network's features are not finite
   */
  public FrameDetections predict(Tensor image, int height, int width) {
    int side = transform.side();
    if (height < 1 || width < 1 || height > side || width > side) {
      throw new IllegalArgumentException(
          "a picture of %d x %d pixels is not in an input of %d x %d"
              .formatted(height, width, side, side));
    }
    return pool.withInference(
        inference -> {
          inference.image().copyFrom(image.toFloats());
          CascadeRun.Found found = find(inference, height, width);
          SelectedBoxes boxes = found.boxes();
          return new FrameDetections(
              boxes.count(),
              boxes.boxes(),
              boxes.scores(),
              boxes.classes(),
              found.masks(),
              CascadeConfig.MASK);
        });
  }

  private List<Detection> detect(RgbImage image, Inference inference) {
    RgbImage resized = transform.resize(image);
    transform.write(resized, inference.image());
    CascadeRun.Found found = find(inference, resized.height(), resized.width());
    return new ImageDetections(resized.height(), resized.width(), image.height(), image.width())
        .list(found.boxes(), found.masks(), CascadeConfig.MASK, names);
  }

  private CascadeRun.Found find(Inference inference, int height, int width) {
    inference.run(Program.FIRST_PART);
    inference.requireFinite(0);
    return new CascadeRun(inference, config, height, width).run(selection, masks);
  }

  @Override
  public PoolCounts counts() {
    return pool.counts();
  }

  @Override
  public void addListener(PoolListener listener) {
    pool.addListener(listener);
  }

  /** Plans every inference and runs each once, so that the first image pays for nothing. */
  @Override
  public void warmUp() {
    pool.warmUp();
  }

  /** Frees the inferences, not the network. */
  @Override
  public void close() {
    pool.close();
  }
}
