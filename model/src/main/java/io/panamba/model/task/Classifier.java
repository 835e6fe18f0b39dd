package io.panamba.model.task;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolListener;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.Pooled;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Task;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.RgbImage;
import io.panamba.model.memory.InferenceInterruptedException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/** Names what is on images. Usable from many threads at once. */
public final class Classifier implements Predictor<RgbImage, List<Classification>>, Pooled {
  private final InferencePool pool;
  private final ImageTransform transform;
  private final Labels labels;
  private final int count;

  /**
   * Creates a classifier of single images, which predicts all classes.
   *
   * @param network a network with a head and one answer per image; it has to outlive the classifier
   * @param labels of its classes
   * @param concurrency most inferences at a time
   * @throws WeightsException if the network has no head
   * @throws IllegalArgumentException if its pooling gives an answer for every token
   */
  public Classifier(Network network, Labels labels, int concurrency) {
    this(network, labels, concurrency, Integer.MAX_VALUE);
  }

  /**
   * Creates a classifier of single images, which predicts the most probable classes.
   *
   * @param network a network with a head and one answer per image; it has to outlive the classifier
   * @param labels of its classes
   * @param concurrency most inferences at a time
   * @param count how many classes {@link #predict} gives, at most
   * @throws WeightsException if the network has no head
   * @throws IllegalArgumentException if its pooling gives an answer for every token, or the count
   *     is below 1
   */
  public Classifier(Network network, Labels labels, int concurrency, int count) {
    if (count < 1) {
      throw new IllegalArgumentException("a classifier predicts at least one class, not " + count);
    }
    NetworkConfig config = network.config();
    Tasks.require(config, Task.CLASSIFICATION);
    if (config.classes() == 0) {
      throw new WeightsException(
          "a checkpoint without head.weight classifies nothing; extract features instead");
    }
    if (config.answersEveryToken()) {
      throw new IllegalArgumentException(
          "pooling 'all' gives an answer for every token; a classifier needs one");
    }
    InferenceOptions options = network.forPictures(InferenceOptions.logits(1, config));
    this.pool = new InferencePool(network, options, concurrency);
    this.transform =
        config.preprocessing().transform(config.image().height(), config.image().width());
    this.labels = labels;
    this.count = count;
  }

  /**
   * Classifies an image.
   *
   * @param image any size; resized, cropped and normalised as in the original evaluation
   * @param wait as in {@link InferencePool#withInference(Duration, java.util.function.Function)}
   * @return all classes, or as many as the constructor was told, best first; unmodifiable
   * @throws NonFiniteException if a logit is NaN or infinite
   * @throws PoolTimeoutException if no inference became free in that time
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws IllegalStateException if this is closed
   */
  @Override
  public List<Classification> predict(RgbImage image, Duration wait) {
    return classify(image, count, wait);
  }

  /**
   * Computes the logits of an image.
   *
   * @param image any size; resized, cropped and normalised as in the original evaluation
   * @return one number per class
   * @throws NonFiniteException if one is NaN or infinite
   * @throws InferenceInterruptedException if the thread would have to wait for an inference and is
   *     interrupted
   * @throws IllegalStateException if this is closed
   */
  public float[] logits(RgbImage image) {
    return pool.withInference(inference -> logits(image, inference));
  }

  /**
   * Computes the logits of an image, and waits no longer than told for an inference.
   *
   * @param image any size
   * @param wait as in {@link InferencePool#withInference(Duration, java.util.function.Function)}
   * @return one number per class
   * @throws NonFiniteException if one is NaN or infinite
   * @throws PoolTimeoutException if no inference became free in that time
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws IllegalStateException if this is closed
   */
  public float[] logits(RgbImage image, Duration wait) {
    return pool.withInference(wait, inference -> logits(image, inference));
  }

  private float[] logits(RgbImage image, Inference inference) {
    transform.apply(image, inference.image());
    inference.run();
    inference.requireFinite(0);
    return inference.logits().toFloats();
  }

  /**
   * Classifies an image.
   *
   * @param image any size
   * @param count how many classes are wanted, at most
   * @return the most probable classes, best first
   * @throws NonFiniteException if a logit is NaN or infinite
   * @throws InferenceInterruptedException as of {@link #logits(RgbImage)}
   * @throws IllegalStateException if this is closed
   */
  public List<Classification> classify(RgbImage image, int count) {
    return best(logits(image), count);
  }

  /**
   * Classifies an image, and waits no longer than told for an inference.
   *
   * @param image any size
   * @param count how many classes are wanted, at most
   * @param wait as in {@link #logits(RgbImage, Duration)}
   * @return the most probable classes, best first
   * @throws PoolTimeoutException if no inference became free in that time
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws IllegalStateException if this is closed
   */
  public List<Classification> classify(RgbImage image, int count, Duration wait) {
    return best(logits(image, wait), count);
  }

  private List<Classification> best(float[] logits, int count) {
    double[] weights = new double[logits.length];
    double largest = IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).max().orElse(0);
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      weights[i] = Math.exp(logits[i] - largest);
      sum += weights[i];
    }
    double total = sum;
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted((a, b) -> Float.compare(-logits[a], -logits[b]))
        .limit(count)
        .map(i -> new Classification(i, labels.name(i), (float) (weights[i] / total), logits[i]))
        .toList();
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
