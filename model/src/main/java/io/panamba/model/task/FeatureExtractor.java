package io.panamba.model.task;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolListener;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.Pooled;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.block.Pooling;
import io.panamba.model.image.ImageTransform;
import io.panamba.model.image.RgbImage;
import io.panamba.model.memory.InferenceInterruptedException;
import java.time.Duration;
import java.util.function.Function;

/**
 * Turns images into vectors: what the head of a network would see. Usable from many threads at
 * once.
 */
public final class FeatureExtractor implements Predictor<RgbImage, float[]>, Pooled {
  private final InferencePool pool;
  private final ImageTransform transform;

  /**
   * Creates an extractor of features of single images.
   *
   * @param network the network, which has to outlive the extractor
   * @param concurrency most inferences at a time
   */
  public FeatureExtractor(Network network, int concurrency) {
    this(network, featuresOnly(network.config()), concurrency);
  }

  /**
   * Creates an extractor of features, and of what else the options ask for, through {@link
   * #extract(RgbImage, Function)}.
   *
   * @param network the network, which has to outlive the extractor
   * @param options a batch of 1, and the image size, tokens and taps that are wanted
   * @param concurrency most inferences at a time
   */
  public FeatureExtractor(Network network, InferenceOptions options, int concurrency) {
    if (options.batch() != 1) {
      throw new IllegalArgumentException(
          "an extractor takes single images, not batches of " + options.batch());
    }
    this.pool = new InferencePool(network, network.forPictures(options), concurrency);
    this.transform = network.config().preprocessing().transform(options.height(), options.width());
  }

  private static InferenceOptions featuresOnly(NetworkConfig config) {
    return new InferenceOptions(
        1, config.image().height(), config.image().width(), false, false, false);
  }

  /**
   * Extracts the features of an image, as {@link #features(RgbImage, Duration)} does.
   *
   * @param image any size; resized, cropped and normalised as in the original evaluation
   * @param wait as in {@link InferencePool#withInference(Duration, Function)}
   * @return (dim), or (length, dim) with the last axis fastest for {@link Pooling#MAX} and {@link
   *     Pooling#ALL}
   * @throws NonFiniteException if a number is NaN or infinite
   * @throws PoolTimeoutException if no inference became free in that time
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws IllegalStateException if this is closed
   */
  @Override
  public float[] predict(RgbImage image, Duration wait) {
    return features(image, wait);
  }

  /**
   * Extracts the features of an image.
   *
   * @param image any size; resized, cropped and normalised as in the original evaluation
   * @return (dim), or (length, dim) with the last axis fastest for {@link Pooling#MAX} and {@link
   *     Pooling#ALL}
   * @throws NonFiniteException if a number is NaN or infinite
   * @throws InferenceInterruptedException if the thread would have to wait for an inference and is
   *     interrupted
   * @throws IllegalStateException if this is closed
   */
  public float[] features(RgbImage image) {
    return extract(image, FeatureExtractor::finite);
  }

  /**
   * Extracts the features of an image, and waits no longer than told for an inference.
   *
   * @param image any size
   * @param wait as in {@link InferencePool#withInference(Duration, Function)}
   * @return as {@link #features(RgbImage)}
   * @throws NonFiniteException if a number is NaN or infinite
   * @throws PoolTimeoutException if no inference became free in that time
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws IllegalStateException if this is closed
   */
  public float[] features(RgbImage image, Duration wait) {
    return extract(image, wait, FeatureExtractor::finite);
  }

  private static float[] finite(Inference inference) {
    inference.requireFinite(0);
    return inference.features().toFloats();
  }

  /**
   * Runs the network on an image and reads its tensors in place, without a copy. They are not
   * checked for NaN and infinity; {@link Inference#requireFinite} does that.
   *
   * @param <T> what is made of them
   * @param image any size
   * @param read reads features, tokens or taps; it must not keep the inference or its tensors
   * @return what {@code read} returned
   * @throws InferenceInterruptedException if the thread would have to wait for an inference and is
   *     interrupted
   * @throws IllegalStateException if this is closed
   */
  public <T> T extract(RgbImage image, Function<? super Inference, ? extends T> read) {
    return pool.withInference(inference -> extract(image, inference, read));
  }

  /**
   * Runs the network on an image, reads its tensors in place, and waits no longer than told for an
   * inference.
   *
   * @param <T> what is made of them
   * @param image any size
   * @param wait as in {@link InferencePool#withInference(Duration, Function)}
   * @param read as in {@link #extract(RgbImage, Function)}
   * @return what {@code read} returned
   * @throws PoolTimeoutException if no inference became free in that time
   * @throws InferenceInterruptedException if the thread would have to wait and is interrupted
   * @throws IllegalStateException if this is closed
   */
  public <T> T extract(
      RgbImage image, Duration wait, Function<? super Inference, ? extends T> read) {
    return pool.withInference(wait, inference -> extract(image, inference, read));
  }

  private <T> T extract(
      RgbImage image, Inference inference, Function<? super Inference, ? extends T> read) {
    transform.apply(image, inference.image());
    inference.run();
    return read.apply(inference);
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
