package io.panamba.model.training;

/**
 * How a {@link Trainer} makes a step.
 *
 * @param batch images of a step
 * @param weightDecay of AdamW, decoupled; it leaves out A_log, D, biases, norms, position embedding
 *     and class tokens, as the original does
 * @param dropPath the probability that what the last layer adds is dropped for an image; that of
 *     the others falls linearly to 0 for the first (stochastic depth, arXiv 1603.09382)
 * @param smoothing of labels (arXiv 1512.00567)
 * @param averageDecay of the exponential moving average of the weights; 0 keeps none. Step t of a
 *     run decays by at most (1 + t) / (10 + t), so that short runs forget their beginning too
 * @param clip the largest norm of the whole gradient; infinite for none
 * @param seed of what is drawn in a step
 * @param inputGradient whether the gradient by pixels is formed too
 * @param frozenBackbone whether the backbone below the head of a dense task stays as it is; without
 *     gradients, moments and decay
 */
public record TrainingOptions(
    int batch,
    float weightDecay,
    float dropPath,
    float smoothing,
    float averageDecay,
    float clip,
    long seed,
    boolean inputGradient,
    boolean frozenBackbone) {
  /** The original's batch of a process. */
  private static final int BATCH = 128;

  private static final float WEIGHT_DECAY = 0.1f;
  private static final float SMOOTHING = 0.1f;

  /**
   * Checks ranges.
   *
   * @throws IllegalArgumentException if a number is out of its range
   */
  public TrainingOptions {
    require(batch >= 1, "a batch has at least one image, not " + batch);
    require(weightDecay >= 0, "weight decay is not negative, as %s is".formatted(weightDecay));
    require(dropPath >= 0 && dropPath < 1, "drop path is from 0 to below 1, not " + dropPath);
    require(smoothing >= 0 && smoothing <= 1, "smoothing is from 0 to 1, not " + smoothing);
    require(
        averageDecay >= 0 && averageDecay < 1,
        "the decay of averages is from 0 to below 1, not " + averageDecay);
    require(clip > 0, "gradients are clipped to a norm above 0, not " + clip);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  /**
   * The options of the original training of the smallest model, without stochastic depth and
   * averages.
   *
   * @return a batch of 128, weight decay 0.1, smoothing 0.1, no clipping, seed 0
   */
  public static TrainingOptions defaults() {
    return new TrainingOptions(
        BATCH, WEIGHT_DECAY, 0, SMOOTHING, 0, Float.POSITIVE_INFINITY, 0, false, false);
  }

  /**
   * Chooses the batch.
   *
   * @param value images of a step
   * @return new options
   */
  public TrainingOptions withBatch(int value) {
    return new TrainingOptions(
        value,
        weightDecay,
        dropPath,
        smoothing,
        averageDecay,
        clip,
        seed,
        inputGradient,
        frozenBackbone);
  }

  /**
   * Chooses stochastic depth.
   *
   * @param value of the last layer
   * @return new options
   */
  public TrainingOptions withDropPath(float value) {
    return new TrainingOptions(
        batch,
        weightDecay,
        value,
        smoothing,
        averageDecay,
        clip,
        seed,
        inputGradient,
        frozenBackbone);
  }

  /**
   * Chooses the smoothing of labels.
   *
   * @param value 0 to 1
   * @return new options
   */
  public TrainingOptions withSmoothing(float value) {
    return new TrainingOptions(
        batch,
        weightDecay,
        dropPath,
        value,
        averageDecay,
        clip,
        seed,
        inputGradient,
        frozenBackbone);
  }

  /**
   * Chooses the average.
   *
   * @param value its decay; 0 for none
   * @return new options
   */
  public TrainingOptions withAverageDecay(float value) {
    return new TrainingOptions(
        batch, weightDecay, dropPath, smoothing, value, clip, seed, inputGradient, frozenBackbone);
  }

  /**
   * Chooses the clipping.
   *
   * @param value the largest norm of the gradient
   * @return new options
   */
  public TrainingOptions withClip(float value) {
    return new TrainingOptions(
        batch,
        weightDecay,
        dropPath,
        smoothing,
        averageDecay,
        value,
        seed,
        inputGradient,
        frozenBackbone);
  }

  /**
   * Chooses the seed.
   *
   * @param value any
   * @return new options
   */
  public TrainingOptions withSeed(long value) {
    return new TrainingOptions(
        batch,
        weightDecay,
        dropPath,
        smoothing,
        averageDecay,
        clip,
        value,
        inputGradient,
        frozenBackbone);
  }

  /**
   * Asks for the gradient by pixels.
   *
   * @return new options
   */
  public TrainingOptions withInputGradient() {
    return new TrainingOptions(
        batch, weightDecay, dropPath, smoothing, averageDecay, clip, seed, true, frozenBackbone);
  }

  /**
   * Leaves the backbone as it is.
   *
   * @return new options
   */
  public TrainingOptions withFrozenBackbone() {
    return new TrainingOptions(
        batch, weightDecay, dropPath, smoothing, averageDecay, clip, seed, inputGradient, true);
  }
}
